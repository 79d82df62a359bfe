#include "taut/transfer/zone_state.hpp"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "support/temporary_folder.hpp"

namespace zone_state_test {

namespace {

using namespace std::chrono_literals;
using taut::Address;
using taut::Class;
using taut::Name;
using taut::Serial;
using taut::TemporaryFolder;
using taut::ZoneState;

ZoneState::Entry entry(std::uint32_t serial) {
  const ZoneState::Seconds time(1'790'000'000s);
  return {Serial(serial), time, time + 24h, Address::v4({192, 0, 2, 1}, 53), time + 1h};
}

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

// Notes the zones and writes them.
void save(const std::string& path, std::initializer_list<std::string_view> zones, std::uint32_t serial) {
  ZoneState state(path);
  for (const std::string_view zone : zones) state.note(Name(zone), Class::IN, entry(serial));
  const auto write = state.pending();
  REQUIRE(write);
  CHECK((*write)().empty());
}

TEST_CASE("what was noted is there when the file is opened again, the last of each zone") {
  const TemporaryFolder folder;
  const std::string path = folder.path("state");
  save(path, {"example.", "a\\032b.example."}, 5);
  save(path, {"EXAMPLE."}, 6);
  ZoneState state(path);
  CHECK(state.damaged() == 0);
  CHECK(state.take(Name("example.")) == entry(6));
  CHECK(state.take(Name("example.")) == std::nullopt);
  CHECK(state.take(Name("a\\032b.example.")) == entry(5));
  CHECK(state.take(Name("other.")) == std::nullopt);
  CHECK(state.take(Name("example."), Class::CH) == std::nullopt);
}

TEST_CASE("an entry without a primary is kept as such") {
  const TemporaryFolder folder;
  const std::string path = folder.path("state");
  ZoneState::Entry without = entry(1);
  without.primary = {};
  {
    ZoneState state(path);
    state.note(Name("example."), Class::IN, without);
    CHECK((*state.pending())().empty());
  }
  CHECK(ZoneState(path).take(Name("example.")) == without);
}

TEST_CASE("a line cut short at any octet costs that line alone, and the next ones are whole") {
  const TemporaryFolder folder;
  const std::string path = folder.path("state");
  save(path, {"a.", "b."}, 5);
  const std::string whole = contents(path);
  const std::size_t second = whole.find('\n') + 1;
  for (std::size_t size = second; size < whole.size(); ++size) {
    write(path, whole.substr(0, size));
    save(path, {"c."}, 6);
    ZoneState state(path);
    CHECK(state.damaged() == 0);
    CHECK(state.take(Name("a.")) == entry(5));
    CHECK(state.take(Name("b.")) == std::nullopt);
    CHECK(state.take(Name("c.")) == entry(6));
  }
}

TEST_CASE("a damaged octet costs its line and no other") {
  const TemporaryFolder folder;
  const std::string path = folder.path("state");
  save(path, {"a.", "b.", "c."}, 5);
  const std::string whole = contents(path);
  const std::size_t begin = whole.find('\n') + 1;
  const std::size_t end = whole.find('\n', begin);
  for (std::size_t at = begin; at < end; ++at) {
    std::string damaged = whole;
    damaged[at] ^= 1;
    write(path, damaged);
    ZoneState state(path);
    CHECK(state.damaged() >= 1);
    CHECK(state.take(Name("b.")) == std::nullopt);
    CHECK(state.take(Name("a.")) == entry(5));
    CHECK(state.take(Name("c.")) == entry(5));
  }
}

TEST_CASE("a file that is not a state file leaves nothing but whole lines of its own") {
  const TemporaryFolder folder;
  const std::string path = folder.path("state");
  write(path, "zone \"example\" { type secondary; };\nbinary \x01\x02\n\n");
  save(path, {"a."}, 5);
  ZoneState state(path);
  CHECK(state.damaged() == 3);
  CHECK(state.take(Name("a.")) == entry(5));
}

TEST_CASE("the file is written anew when most of it is out of date, and stays small") {
  const TemporaryFolder folder;
  const std::string path = folder.path("state");
  ZoneState state(path);
  bool replaced = false;
  for (std::uint32_t serial = 1; serial < 3000; ++serial) {
    state.note(Name("example."), Class::IN, entry(serial));
    if (state.isOverdue()) {
      replaced = true;
      CHECK(state.replacement()().empty());
    } else {
      CHECK((*state.pending())().empty());
    }
  }
  CHECK(replaced);
  CHECK(std::filesystem::file_size(path) < 200'000);
  CHECK(ZoneState(path).take(Name("example.")) == entry(2999));
}

TEST_CASE("a file that cannot be made is an error that names it") {
  CHECK_THROWS_WITH_AS(ZoneState("/nowhere/state"), "/nowhere/state: No such file or directory", std::runtime_error);
  const TemporaryFolder folder;
  CHECK_THROWS_AS(ZoneState(folder.path()), std::runtime_error);
}

}  // namespace

}  // namespace zone_state_test
