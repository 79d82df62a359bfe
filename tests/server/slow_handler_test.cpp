// The unit test of a handler that waits, out of what `taut/testing.hpp` has, as docs/handlers.md shows it.
#include <doctest/doctest.h>

#include "taut/taut.hpp"
#include "taut/testing.hpp"

namespace slow_handler_test {

using namespace taut;
using namespace std::chrono_literals;

namespace {

class Slow final : public Resolver {
 public:
  explicit Slow(Shard& shard) : shard_(shard) {}
  Task<std::optional<Answer>> resolve(const Query& query) override {
    const bool patient = co_await sleepFor(shard_, 1h);
    if (!patient) co_return std::nullopt;
    Answer answer;
    answer.add(query.name(), 5min, rdata::A(192, 0, 2, 1));
    co_return answer;
  }

 private:
  Shard& shard_;
};

}  // namespace

TEST_CASE("a client gets the address after an hour, which takes no time") {
  testing::ManualShard shard;
  Slow handler(shard);
  const auto reply = testing::ask(shard, handler, testing::query("www.example", Type::A));
  CHECK(reply.texts() == std::vector<std::string>{"www.example. 300 A 192.0.2.1"});
  CHECK(reply.all<rdata::A>().front().address == rdata::A(192, 0, 2, 1).address);
  CHECK(reply.question->type == Type::A);
  CHECK(reply.has(flag::RD));
  CHECK(shard.elapsed() == 1h);
}

TEST_CASE("without the shard that it waits on a handler is not asked") {
  testing::ManualShard shard;
  Slow handler(shard);
  CHECK_THROWS_AS(testing::ask(handler, testing::query("www.example", Type::A)), std::logic_error);
}

}  // namespace slow_handler_test
