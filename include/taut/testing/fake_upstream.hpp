// A resolver that answers as a test tells it, in place of a forwarder or of another handler.
//
//   auto upstream = std::make_shared<testing::FakeUpstream>(shard);
//   upstream->at("www.example.com", Type::A).add(5min, rdata::A(192, 0, 2, 1)).after(300ms);
//   upstream->at("broken.example.com", Type::A).fail(Rcode::SERVFAIL);
//   upstream->at("silent.example.com", Type::A).never();
//
// A name has no data of other types than it was told of, and a name that it was not told of does not exist (NXDOMAIN).
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "taut/base/clock.hpp"
#include "taut/coro/event.hpp"
#include "taut/coro/task.hpp"
#include "taut/dns/answer.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/query.hpp"
#include "taut/dns/question.hpp"
#include "taut/dns/type.hpp"
#include "taut/io/shard.hpp"
#include "taut/io/sleep.hpp"
#include "taut/resolver/resolver.hpp"

namespace taut::testing {

class FakeUpstream final : public Resolver {
 public:
  // The answer to one question: NOERROR and without records at first.
  class Script {
   public:
    template <class Rdata>
    Script& add(std::chrono::seconds ttl, const Rdata& rdata, Section section = Section::answer) {
      answer_.add(owner_, ttl, rdata, section);
      return *this;
    }
    Script& fail(Rcode rcode) {
      answer_.setRcode(rcode);
      return *this;
    }
    // By the shard's clock.
    Script& after(Duration delay) {
      delay_ = delay;
      return *this;
    }
    // Waits until the query is stopped.
    Script& never() {
      never_ = true;
      return *this;
    }

   private:
    friend FakeUpstream;
    explicit Script(NameView owner) : owner_(owner) {}

    Name owner_;
    Answer answer_;
    Duration delay_{};
    bool never_ = false;
  };

  explicit FakeUpstream(Shard& shard) : shard_(shard) {}

  // What is told of the same question again changes its answer.
  Script& at(std::string_view name, Type type) {
    const Name owner{name};
    return names_[owner].try_emplace(type, Script(owner)).first->second;
  }

  Task<std::optional<Answer>> resolve(const Query& query) override {
    asked_.push_back(query.question());
    const auto types = names_.find(query.name());
    if (types == names_.end()) return Answer::nameError();
    const auto script = types->second.find(query.type());
    if (script == types->second.end()) return Answer();
    return follow(script->second);
  }

  // All that was asked, in order.
  const std::vector<Question>& asked() const { return asked_; }

 private:
  Task<std::optional<Answer>> follow(const Script& script) {
    Answer answer(script.answer_.rcode());
    for (std::size_t i = 0; i < script.answer_.entryCount(); ++i)
      answer.addRRset(script.answer_.entry(i).section, script.answer_.entry(i).rrset);
    if (script.never_) {
      co_await never_.wait();
      co_return std::nullopt;
    }
    const bool patient = co_await sleepFor(shard_, script.delay_);
    if (!patient) co_return std::nullopt;
    co_return answer;
  }

  Shard& shard_;
  std::map<Name, std::map<Type, Script>> names_;
  std::vector<Question> asked_;
  Event never_;  // does not happen
};

}  // namespace taut::testing
