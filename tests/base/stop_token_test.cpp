#include "taut/base/stop_token.hpp"

#include <memory>
#include <optional>
#include <string>

#include <doctest/doctest.h>

namespace stop_token_test {

using taut::StopCallback;
using taut::StopSource;
using taut::StopToken;

TEST_CASE("a token tells whether its source was asked to stop") {
  const StopToken never;
  CHECK_FALSE(never.stopPossible());
  CHECK_FALSE(never.stopRequested());
  StopSource source;
  const auto token = source.token();
  CHECK(token.stopPossible());
  CHECK_FALSE(token.stopRequested());
  CHECK(source.requestStop());
  CHECK(token.stopRequested());
  CHECK(source.stopRequested());
}

TEST_CASE("callbacks are called once, in the order of their registration") {
  StopSource source;
  std::string log;
  auto a = [&] { log += 'a'; };
  auto b = [&] { log += 'b'; };
  const StopCallback first(source.token(), a);
  const StopCallback second(source.token(), b);
  const StopCallback third(StopToken{}, b);
  CHECK(log.empty());
  source.requestStop();
  source.requestStop();
  CHECK(log == "ab");
}

TEST_CASE("a callback on a source that was stopped already is called at once") {
  StopSource source;
  source.requestStop();
  bool called = false;
  auto call = [&] { called = true; };
  const StopCallback callback(source.token(), call);
  CHECK(called);
}

TEST_CASE("a callback that was destroyed is not called, not even when an earlier one destroys it") {
  StopSource source;
  std::string log;
  auto a = [&] { log += 'a'; };
  using A = StopCallback<decltype(a)>;
  std::optional<A> later;
  auto destroy = [&] { later.reset(); };
  { const StopCallback gone(source.token(), a); }
  const StopCallback destroyer(source.token(), destroy);
  later.emplace(source.token(), a);
  source.requestStop();
  CHECK(log.empty());
}

TEST_CASE("a source stops with its parent, and leaves its parent alone") {
  StopSource parent;
  StopSource child(parent.token());
  StopSource sibling(parent.token());
  child.requestStop();
  CHECK_FALSE(parent.stopRequested());
  CHECK_FALSE(sibling.stopRequested());
  parent.requestStop();
  CHECK(sibling.stopRequested());
  const StopSource late(parent.token());
  CHECK(late.stopRequested());
}

TEST_CASE("a callback may destroy the source that calls it") {
  auto source = std::make_unique<StopSource>();
  std::string log;
  auto destroy = [&] {
    log += 'd';
    source.reset();
  };
  auto other = [&] { log += 'o'; };
  const StopCallback first(source->token(), destroy);
  const StopCallback second(source->token(), other);
  CHECK_FALSE(source->requestStop());
  CHECK(log == "d");
}

}  // namespace stop_token_test
