#include "taut/server/handler_options.hpp"

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

namespace handler_options_test {

using namespace taut;
using namespace std::chrono_literals;

namespace {

using Items = std::vector<HandlerOptions::Item>;

HandlerOptions with(HandlerOptions::Value value) {
  HandlerOptions options("t.toml:1:1");
  options.set("key", std::move(value), "t.toml:2:7");
  return options;
}

// What the call throws; empty where it throws nothing.
template <typename Call>
std::string mistakeOf(const Call& call) {
  try {
    call();
    return {};
  } catch (const HandlerOptionError& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("each kind of option is given as what it is") {
  CHECK(with(true).flag("key", false));
  CHECK(with(std::int64_t{7}).integer("key", 0, 10) == 7);
  CHECK(with("ws").text("key") == "ws");
  CHECK(with("5m").duration("key") == 5min);
  CHECK(with("Example.COM").name("key") == Name("example.com"));
  CHECK(with("192.0.2.1").address("key", 6379) == Address::v4({192, 0, 2, 1}, 6379));
  CHECK(with(Items{{"a", ""}, {"b", ""}}).texts("key") == std::vector<std::string>{"a", "b"});
  CHECK(with(Items{{"example.com", ""}}).names("key").front() == Name("example.com"));
  CHECK(with(Items{{"192.0.2.1:5", ""}}).addresses("key", 53).front() == Address::v4({192, 0, 2, 1}, 5));
  const AddressPolicy networks = with(Items{{"10.0.0.0/8", ""}}).networks("key");
  CHECK(networks.allows(Address::v4({10, 1, 2, 3})));
  CHECK_FALSE(networks.allows(Address::v4({11, 1, 2, 3})));
}

TEST_CASE("an option that is not there is what the handler says, or nothing") {
  const HandlerOptions options("t.toml:1:1");
  CHECK_FALSE(options.has("key"));
  CHECK(options.flag("key", true));
  CHECK(options.integer("key", 0, 10, 3) == 3);
  CHECK(options.text("key", "other") == "other");
  CHECK(options.duration("key", 60s) == 60s);
  CHECK(options.names("key").empty());
  CHECK_FALSE(options.networks("key").allows(Address::v4({10, 1, 2, 3})));
  CHECK(mistakeOf([&] { options.text("key"); }) == "t.toml:1:1: there is no 'key'; expected a text");
}

TEST_CASE("a wrong option is told with its place, and with what the handler expects") {
  CHECK(mistakeOf([] { with(std::int64_t{5}).text("key"); }) == "t.toml:2:7: 'key': expected a text, not 5");
  CHECK(mistakeOf([] { with("x").integer("key", 1, 9); }) ==
        "t.toml:2:7: 'key': expected a whole number from 1 to 9, not the text \"x\"");
  CHECK(mistakeOf([] { with(std::int64_t{10}).integer("key", 1, 9, 2); }) ==
        "t.toml:2:7: 'key': expected a whole number from 1 to 9, not 10");
  CHECK(mistakeOf([] { with("5").duration("key"); }) ==
        "t.toml:2:7: 'key': expected a duration such as \"10s\", not the text \"5\"");
  CHECK(mistakeOf([] { with("a..b").name("key"); }).find("'key': expected a domain name") != std::string::npos);
  CHECK(mistakeOf([] { with("a").flag("key", true); }).find("expected true or false") != std::string::npos);
  const Items networks{{"10.0.0.0/8", "t.toml:2:8"}, {"ten", "t.toml:2:22"}};
  CHECK(mistakeOf([&] { with(networks).networks("key"); }) ==
        "t.toml:2:22: 'key': expected a network such as \"192.0.2.0/24\", not the text \"ten\"");
  CHECK(mistakeOf([] { with("blue").reject("key", "\"red\" or \"green\""); }) ==
        "t.toml:2:7: 'key': expected \"red\" or \"green\", not the text \"blue\"");
}

TEST_CASE("an option that the handler never asks for is a mistake") {
  HandlerOptions options = with("x");
  CHECK(mistakeOf([&] { options.requireAllAskedFor(); }) ==
        "t.toml:2:7: 'key' is no option of the handler; expected none");
  CHECK(options.text("kex", "") == "");
  CHECK(mistakeOf([&] { options.requireAllAskedFor(); }) ==
        "t.toml:2:7: 'key' is no option of the handler; expected one of kex");
  CHECK(options.text("key") == "x");
  CHECK(mistakeOf([&] { options.requireAllAskedFor(); }).empty());
}

TEST_CASE("options are the same where their values are, wherever these stand") {
  HandlerOptions here = with(Items{{"a", "t.toml:2:8"}});
  HandlerOptions there("t.toml:9:1");
  there.set("key", Items{{"a", "t.toml:10:8"}}, "t.toml:10:7");
  CHECK(here == there);
  there.set("key", Items{{"b", "t.toml:10:8"}}, "t.toml:10:7");
  CHECK_FALSE(here == there);
}

TEST_CASE("a file is given by its absolute path, and it is known when it has changed") {
  const std::string path = "/tmp/taut-handler-options-" + std::to_string(::getpid());
  std::ofstream(path) << "one";
  const HandlerOptions options = with(path);
  CHECK_FALSE(options.hasChangedFiles());
  CHECK(options.file("key") == path);
  CHECK_FALSE(options.hasChangedFiles());
  std::ofstream(path) << "another";
  CHECK(options.hasChangedFiles());
  CHECK(options.file("key") == path);
  std::filesystem::remove(path);
  CHECK(options.hasChangedFiles());
  CHECK(mistakeOf([&] { options.file("key"); }) == "t.toml:2:7: 'key': " + path + ": No such file or directory");
  CHECK(mistakeOf([&] { with("policy.py").file("key"); }) ==
        "t.toml:2:7: 'key': expected the absolute path of a file, not the text \"policy.py\"");
}

}  // namespace handler_options_test
