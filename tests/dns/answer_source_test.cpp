#include "taut/dns/answer_source.hpp"

#include <utility>

#include <doctest/doctest.h>

#include "taut/dns/answer.hpp"

namespace taut::answer_source_test {

TEST_CASE("an answer is a handler's unless it says where it comes from") {
  Answer answer;
  CHECK(answer.source().kind() == AnswerSource::Kind::handler);
  CHECK_FALSE(answer.source().zone());
  CHECK(answer.source().server().empty());
  answer.setSource(AnswerSource::Kind::hosts);
  const Answer moved = std::move(answer);
  CHECK(moved.source().kind() == AnswerSource::Kind::hosts);
}

TEST_CASE("a source is written with the zone or the server that it names") {
  const Name origin("example.com");
  CHECK(AnswerSource().toText() == "handler");
  CHECK(AnswerSource(AnswerSource::Kind::server).toText() == "server");
  CHECK(AnswerSource::zone(origin).toText() == "zone example.com.");
  CHECK(AnswerSource(AnswerSource::Kind::cache).toText() == "cache");
  CHECK(AnswerSource::forwarder(Address::v4({192, 0, 2, 1}, 53)).toText() == "forwarder 192.0.2.1:53");
  CHECK(AnswerSource(AnswerSource::Kind::forwarder).toText() == "forwarder");
  CHECK(AnswerSource(AnswerSource::Kind::forwarder).server().empty());
  CHECK(AnswerSource(AnswerSource::Kind::hosts).toText() == "hosts");
  CHECK(AnswerSource(AnswerSource::Kind::chaos).toText() == "chaos");
}

}  // namespace taut::answer_source_test
