// The handler that has Python scripts answer, built with -Dpython=true: docs/python.md.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "policy_query.hpp"
#include "script.hpp"
#include "taut/client/client.hpp"
#include "taut/dns/rdata_text.hpp"
#include "taut/io/sleep.hpp"
#include "taut/io/with_deadline.hpp"
#include "taut/server/handler.hpp"

namespace taut {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds loadLimit{10};

struct Settings {
  explicit Settings(const HandlerOptions& options)
      : script(options.file("script")),
        limit(options.duration("limit", 1s)),
        maxQueries(static_cast<std::size_t>(options.integer("queries", 1, 1'000'000, 1000))),
        servers(options.addresses("servers", 53)) {
    if (limit < 1ms) options.reject("limit", "a duration from 1ms");
  }

  std::string script;
  std::chrono::milliseconds limit;
  std::size_t maxQueries;  // in the script at a time, for each shard
  std::vector<Address> servers;
};

// Gives the work up unless it has ended.
class Wanted {
 public:
  explicit Wanted(std::shared_ptr<PythonWork> work) : work_(std::move(work)) {}
  Wanted(const Wanted&) = delete;
  Wanted& operator=(const Wanted&) = delete;
  ~Wanted() {
    if (work_) Interpreter::ofProcess().giveUp(work_);
  }
  void ended() noexcept { work_.reset(); }

 private:
  std::shared_ptr<PythonWork> work_;
};

// Has Python go on with the work until it has finished. False where it was stopped first.
Task<bool> call(const std::shared_ptr<PythonWork>& work) {
  work->reset();
  Interpreter::ofProcess().post(work);
  const bool finished = co_await work->wait();
  co_return finished;
}

Task<std::shared_ptr<const Script>> load(Shard& shard, std::string path) {
  const auto loading = std::make_shared<ScriptLoading>(shard, std::move(path));
  const std::shared_ptr<PythonWork> work = loading;
  Wanted wanted(work);
  const bool finished = co_await call(work);
  if (!finished) co_return nullptr;
  wanted.ended();
  co_return loading->take();
}

PolicyReply replyOf(const Lookup<LookupRecord>& found) {
  if (!found.ok() && found.status != LookupStatus::nameError && found.status != LookupStatus::noData)
    return LookupFailure{found.reason()};
  std::vector<std::string> texts;
  for (const LookupRecord& record : found.records) {
    fmt::memory_buffer text;
    printRdata(record.type, record.rdata, text);
    texts.push_back(fmt::to_string(text));
  }
  return texts;
}

}  // namespace

class PythonHandler final : public Resolver {
 public:
  PythonHandler(Shard& shard, Settings settings)
      : shard_(shard), settings_(std::move(settings)), count_(std::make_shared<std::atomic<std::size_t>>(0)) {}

  Task<> start(TaskScope&) override {
    if (!settings_.servers.empty()) {
      ClientOptions options;
      options.servers = settings_.servers;
      options.resolvConf.clear();
      options.hostsFile.clear();
      client_ = std::make_unique<Client>(shard_, std::move(options));
    }
    auto loading = load(shard_, settings_.script);
    auto script = co_await withDeadline(shard_, loadLimit, std::move(loading));
    if (!script || !*script) throw std::runtime_error(settings_.script + " takes too long to load");
    script_ = std::move(*script);
  }

  Task<> close() override {
    if (client_) co_await client_->close();
  }

  Task<std::optional<Answer>> resolve(const Query& query) override {
    auto policy = std::make_shared<PolicyQuery>(shard_, script_, PolicyQuestion(query), count_);
    if (count_->load(std::memory_order_relaxed) > settings_.maxQueries) fail("has more queries than it may");
    auto running = run(std::move(policy));
    auto answer = co_await withDeadline(shard_, settings_.limit, std::move(running));
    if (!answer) fail(fmt::format("has not answered within {} ms", settings_.limit.count()));
    co_return std::move(*answer);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw std::runtime_error(fmt::format("{}: {}", settings_.script, what));
  }

  Task<std::optional<Answer>> run(std::shared_ptr<PolicyQuery> policy) {
    const std::shared_ptr<PythonWork> work = policy;
    Wanted wanted(work);
    for (;;) {
      const bool finished = co_await call(work);
      if (!finished) co_return std::nullopt;
      const std::optional<PolicyWait>& wait = policy->wait();
      if (!wait) break;
      PolicyReply reply = co_await waitFor(*wait);
      policy->setReply(std::move(reply));
    }
    wanted.ended();
    co_return answerOf(*policy);
  }

  std::optional<Answer> answerOf(const PolicyQuery& policy) const {
    try {
      if (policy.answer()) return policy.answer()->toAnswer();
      return std::nullopt;
    } catch (const std::runtime_error& error) {
      fail(error.what());
    }
  }

  Task<PolicyReply> waitFor(const PolicyWait& wait) {
    if (const auto* const sleep = std::get_if<PolicySleep>(&wait)) {
      co_await sleepFor(shard_, sleep->duration);
      co_return PolicyReply();
    }
    const LookupFailure noServers{"there is no option 'servers' that says whom to ask"};
    if (!client_) co_return noServers;
    const PolicyLookup lookup = std::get<PolicyLookup>(wait);
    const auto found = co_await client_->lookup(lookup.name, lookup.type);
    co_return replyOf(found);
  }

  Shard& shard_;
  const Settings settings_;
  const std::shared_ptr<std::atomic<std::size_t>> count_;
  std::unique_ptr<Client> client_;  // null where there are no servers
  std::shared_ptr<const Script> script_;
};

namespace {

std::shared_ptr<Resolver> makePythonHandler(Shard& shard, const HandlerOptions& options) {
  return std::make_shared<PythonHandler>(shard, Settings(options));
}

}  // namespace

}  // namespace taut

TAUT_HANDLER("python", taut::makePythonHandler)
