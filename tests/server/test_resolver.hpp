// A resolver for tests: the first label of the name says how it is to behave. And what keeps the log and what is sent.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string_view>

#include "messages.hpp"
#include "taut/coro/event.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/io/shard.hpp"
#include "taut/io/sleep.hpp"
#include "taut/resolver/resolver.hpp"
#include "taut/testing/log_capture.hpp"
#include "taut/testing/recording_channel.hpp"

namespace taut {

class TestResolver final : public Resolver {
 public:
  explicit TestResolver(Shard* shard = nullptr) : shard_(shard) {}

  Task<std::optional<Answer>> resolve(const Query& query) override {
    using Ready = Task<std::optional<Answer>>;
    const std::string_view label = NameView(query.name()).firstLabel();
    ++asked;
    if (label == "gate") return throughGate(query);
    if (label == "careless") return careless(query);
    if (label == "deaf") return deaf(query);
    if (label == "stubborn") return throwAtLast();
    if (label == "sleep") return afterASecond(query);
    if (label == "throw") throw std::runtime_error("thrown at once");
    if (label == "later") return throwLater(query);
    if (label == "nothing") return Ready::ready(std::nullopt);
    if (label == "missing") return Ready::ready(Answer::nameError());
    if (label == "failing") return Ready::ready(Answer::serverFailure());
    if (label == "empty") return Ready::ready(Answer());
    if (label == "many") return Ready::ready(answer(query, 100));
    if (label == "three") return Ready::ready(answer(query, 3));
    if (label == "large") return Ready::ready(largeAnswer(query));
    return Ready::ready(answer(query, 1));
  }

  // Queries for gate.… wait for it, and those for deaf.… whether or not they are asked to stop. Those for stubborn.…
  // do that too, and end with an exception.
  Event gate;
  std::size_t asked = 0;
  std::size_t waiting = 0;
  std::size_t stopped = 0;

 private:
  static Answer answer(const Query& query, unsigned count) {
    Answer answer;
    for (unsigned i = 1; i <= count; ++i)
      answer.add(query.name(), std::chrono::minutes(5), rdata::A(192, 0, 2, static_cast<std::uint8_t>(i)));
    return answer;
  }
  // Some 60,000 octets.
  static Answer largeAnswer(const Query& query) {
    Answer answer;
    const Bytes rdata(60000, 0x20);
    answer.addRecord(Section::answer, query.name(), static_cast<Type>(65280), Class::IN, 60, rdata);
    return answer;
  }

  Task<std::optional<Answer>> throughGate(const Query& query) {
    ++waiting;
    const bool open = co_await gate.wait(query.stopToken());
    --waiting;
    if (!open) ++stopped;
    co_return open ? answer(query, 1) : Answer::serverFailure();
  }
  Task<std::optional<Answer>> deaf(const Query& query) {
    ++waiting;
    co_await gate.wait(neverStopped_.token());
    --waiting;
    co_return answer(query, 1);
  }
  Task<std::optional<Answer>> throwAtLast() {
    co_await gate.wait(neverStopped_.token());
    throw std::runtime_error("thrown at last");
  }
  // Passes the query's token to no wait.
  Task<std::optional<Answer>> careless(const Query& query) {
    ++waiting;
    const bool open = co_await gate.wait();
    if (open) co_await sleepFor(*shard_, std::chrono::hours(1));
    --waiting;
    co_return answer(query, 1);
  }
  Task<std::optional<Answer>> afterASecond(const Query& query) {
    const bool slept = co_await sleepFor(*shard_, std::chrono::seconds(1), query.stopToken());
    co_return slept ? answer(query, 1) : Answer::serverFailure();
  }
  Task<std::optional<Answer>> throwLater(const Query& query) {
    co_await gate.wait(query.stopToken());
    throw std::runtime_error("thrown later");
  }

  Shard* shard_;
  StopSource neverStopped_;
};

using testing::LogCapture;
using TestChannel = testing::RecordingChannel;

}  // namespace taut
