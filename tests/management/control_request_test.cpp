#include "management/control_request.hpp"

#include <chrono>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace control_request_test {

using taut::ControlLine;
using taut::ControlRequest;
using taut::ControlStatus;

TEST_CASE("a request is one line that reads as it was written") {
  ControlRequest request;
  request.command = {"cache", "flush", "a \"quoted\"\nname"};
  request.json = true;
  request.tree = true;
  request.force = true;
  request.once = true;
  request.type = "AAAA";
  request.client = "192.0.2.0/24";
  request.rcode = "NXDOMAIN";
  request.view = "inside";
  request.settings = "customers";
  request.catalog = "catz.example";
  request.duration = std::chrono::seconds(60);
  const std::string line = request.toLine();
  CHECK(line.find('\n') == line.size() - 1);
  const auto read = ControlRequest::parse(line);
  REQUIRE(read);
  CHECK(read->command == request.command);
  CHECK(read->json);
  CHECK(read->tree);
  CHECK(read->force);
  CHECK(read->once);
  CHECK(read->type == "AAAA");
  CHECK(read->client == "192.0.2.0/24");
  CHECK(read->rcode == "NXDOMAIN");
  CHECK(!read->off);
  CHECK(read->view == "inside");
  CHECK(read->settings == "customers");
  CHECK(read->catalog == "catz.example");
  CHECK(read->duration == request.duration);
}

TEST_CASE("what is no request is none") {
  for (const char* const line : {"", "[]", "{}", R"({"command":[]})", R"({"command":[1]})", R"({"command":"status"})",
                                 R"({"command":["x"],"seconds":0})", R"({"command":["x"],"seconds":86401})", "{"})
    CHECK(!ControlRequest::parse(line));
}

TEST_CASE("the lines of a reply announce a piece, or end it with a status") {
  const auto piece = ControlLine::parse(taut::pieceLine(65536));
  REQUIRE(piece);
  CHECK(piece->octets == 65536);
  const auto end = ControlLine::parse(taut::endLine(ControlStatus::failed, "there is no zone x."));
  REQUIRE(end);
  CHECK(!end->octets);
  CHECK(end->status == 1);
  CHECK(end->error == "there is no zone x.");
  for (const char* const line : {"", "{}", "[1]", R"({"status":3})", R"({"octets":-1})"})
    CHECK(!ControlLine::parse(line));
}

}  // namespace control_request_test
