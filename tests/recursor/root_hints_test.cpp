#include "taut/recursor/root_hints.hpp"

#include <filesystem>
#include <string>

#include <doctest/doctest.h>

#include "support/temporary_file.hpp"
#include "taut/base/address.hpp"

namespace root_hints_test {

namespace {

using taut::Delegation;
using taut::Diagnostic;
using taut::RootHints;
using taut::TemporaryFile;

std::string describe(const RootHints& hints) {
  std::string text;
  for (const Delegation::Server& server : hints.servers) {
    text += (text.empty() ? "" : ", ") + server.name.toString();
    for (const taut::Address& address : server.glue()) text += ' ' + address.toText();
  }
  return text;
}

// The messages about the text, a line each, and the hints that it has.
struct Read {
  explicit Read(const std::string& text) {
    for (const Diagnostic& message : taut::parseRootHints(text, "f", hints)) messages += message.toString() + '\n';
  }
  RootHints hints;
  std::string messages;
};

}  // namespace

TEST_CASE("the built-in hints are the 13 servers of the root, each with an address of either family") {
  const RootHints hints = RootHints::builtIn();
  REQUIRE(hints.servers.size() == 13);
  for (const Delegation::Server& server : hints.servers) {
    INFO(server.name.toString());
    REQUIRE(server.addressCount == 2);
    CHECK(server.addresses[0].isV4());
    CHECK(server.addresses[1].isV6());
  }
  CHECK(describe(hints).find("b.root-servers.net. 170.247.170.2:53 [2801:1b8:10::b]:53, ") != std::string::npos);
}

TEST_CASE("the built-in hints are those of the system's file") {
  if (!std::filesystem::exists(taut::systemRootHints)) return;
  RootHints hints;
  CHECK(taut::readRootHints(std::string(taut::systemRootHints), hints).empty());
  const RootHints builtIn = RootHints::builtIn();
  REQUIRE(hints.servers.size() == builtIn.servers.size());
  for (std::size_t i = 0; i < hints.servers.size(); ++i) {
    CHECK(hints.servers[i].name == builtIn.servers[i].name);
    CHECK(hints.servers[i].addresses == builtIn.servers[i].addresses);
  }
}

TEST_CASE("an address may stand before the server that it belongs to, and names have no case") {
  const Read read(
      "NS.test 60 A 192.0.2.1\n. NS ns.test.\n. NS ns.test.\n. IN NS other.test\nns.test AAAA 2001:db8::1\n"
      "ns.TEST. A 192.0.2.1\n");
  CHECK(read.messages.empty());
  CHECK(describe(read.hints) == "ns.test. 192.0.2.1:53 [2001:db8::1]:53, other.test.");
}

TEST_CASE("a record that is no hint is told with its place and what would be right") {
  const std::string good = ". NS ns.test.\nns.test. A 192.0.2.1\n";
  CHECK(Read(good + "test. NS ns.test.\n").messages == "f:3: error: NS of test., expected those of the root, '.'\n");
  CHECK(Read(good + "ns.test. TXT a\n").messages == "f:3: error: TXT is no hint, expected NS, A or AAAA\n");
  CHECK(Read(good + "ns.tst. A 192.0.2.1\n").messages ==
        "f:3: error: an address of ns.tst., which is no root server here, expected '. NS ns.tst.' too\n");
  CHECK(Read(good + "ns.test. A 192.0.2\n").messages.starts_with("f:3:12: error: A: "));
  CHECK(Read(". NS ns.test.\n").messages ==
        "f: error: no root server with an address, expected '. NS NAME' and 'NAME A ADDRESS'\n");
}

TEST_CASE("hints that are too many are a mistake") {
  std::string addresses = ". NS ns.test.\n";
  for (int i = 1; i <= 7; ++i) addresses += "ns.test. A 192.0.2." + std::to_string(i) + "\n";
  CHECK(Read(addresses).messages == "f:8: error: more than 6 addresses of ns.test.\n");
  std::string servers = "ns1. A 192.0.2.1\n";
  for (int i = 1; i <= 14; ++i) servers += ". NS ns" + std::to_string(i) + ".\n";
  CHECK(Read(servers).messages == "f:15: error: more than 13 root servers\n");
}

TEST_CASE("a file with a mistake leaves the hints as they were") {
  RootHints hints = RootHints::builtIn();
  CHECK(taut::parseRootHints(". NS ns.test.\nns.test. A 192.0.2.1\n. A 192.0.2.1\n", "f", hints).size() == 1);
  CHECK(hints.servers.size() == 13);
}

TEST_CASE("without a file, or with one that is broken, the default hints are the built-in ones") {
  const TemporaryFile file(". NS ns.test.\nns.test. A 192.0.2.1\n");
  CHECK(taut::defaultRootHints(file.path()).servers.size() == 1);
  const TemporaryFile broken(". NS ns.test.\n");
  CHECK(taut::defaultRootHints(broken.path()).servers.size() == 13);
  CHECK(taut::defaultRootHints("/nowhere/root.hints").servers.size() == 13);
}

}  // namespace root_hints_test
