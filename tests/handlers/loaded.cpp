// A handler that tests load into tautd. Its options and the first label of a name say what it does.
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "taut/coro/event.hpp"
#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/dns/answer.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/dns/type.hpp"
#include "taut/io/sleep.hpp"
#include "taut/server/handler.hpp"

using namespace taut;

extern const std::uint8_t codeVersion;  // of the object

namespace {

// Of the one shard that these tests have, for a handler and the one after it.
Event gate;

Answer answerOf(const Query& query, std::chrono::seconds ttl, rdata::A address) {
  Answer answer;
  answer.add(query.name(), ttl, std::move(address));
  return answer;
}

class Loaded final : public Resolver {
 public:
  Loaded(Shard& shard, const HandlerOptions& options)
      : shard_(shard),
        ttl_(std::chrono::duration_cast<std::chrono::seconds>(options.duration("ttl", std::chrono::seconds(60)))),
        fails_(options.text("fail", "never")),
        clients_(options.networks("networks")) {
    if (fails_ == "throw") throw std::runtime_error("the moon is full");
  }

  Task<> start(TaskScope& work) override {
    if (fails_ == "start") throw std::runtime_error("the moon is full");
    work.spawn(count(), work.token());
    return Task<>::ready();
  }

  Task<std::optional<Answer>> resolve(const Query& query) override {
    const std::string_view label = query.name().firstLabel();
    if (label == "fail") throw std::runtime_error("as it was told");
    if (label == "pass" || query.type() != Type::A) co_return std::nullopt;
    ++asked_;
    if (label == "late") co_await gate.wait();
    if (label == "release") gate.set();
    if (label == "count") co_return answerOf(query, ttl_, rdata::A(192, 0, 2, asked_));
    if (label == "allowed") co_return answerOf(query, ttl_, rdata::A(192, 0, 2, clients_.allows(query.peer()) ? 1 : 0));
    co_return answerOf(query, ttl_, rdata::A(192, 0, 2, codeVersion));
  }

 private:
  // Work of its own, which has to be stopped before it is closed.
  Task<> count() {
    for (;;) {
      const bool goesOn = co_await sleepFor(shard_, std::chrono::hours(1));
      if (!goesOn) co_return;
    }
  }

  Shard& shard_;
  std::chrono::seconds ttl_;
  std::string fails_;
  AddressPolicy clients_;
  std::uint8_t asked_ = 0;
};

std::shared_ptr<Resolver> make(Shard& shard, const HandlerOptions& options) {
  if (options.text("fail", "never") == "null") return nullptr;
  return std::make_shared<Loaded>(shard, options);
}

}  // namespace

TAUT_HANDLER("loaded", make)
