// What is written as it ought to be, and close to each mistake.
#include <map>

#include "taut/taut.hpp"

using namespace taut;
using namespace std::chrono_literals;

namespace {

using Result = std::optional<Answer>;

struct Options {
  std::string first;
  int second = 0;
};

Task<bool> ready();
Task<std::optional<int>> next();
Task<int> number(int value);
Task<std::string> joined(Options options);
Task<std::string> called(std::function<std::string()> function);
Task<std::string> shout(std::string_view text);
Task<std::string> owned(std::string text);
Task<bool> exists(NameView name);

Task<int> conditions() {
  const bool more = co_await ready();
  if (more) co_await ready();
  if (const bool again = co_await ready()) co_return again;
  if (auto value = co_await next(); value && *value == 1) co_return 1;
  while (auto value = co_await next()) co_await number(*value);
  for (int i = 0; i < 3; ++i) co_await number(i);
  if (more) {
    co_await ready();
  } else {
    const int other = co_await number(2);
    co_return other;
  }
  co_return co_await number(3);
}

Task<std::size_t> arguments(std::string captured) {
  const Options options{.first = "one", .second = 2};
  const std::string one = co_await joined(options);
  auto function = [captured] { return captured; };
  const std::string two = co_await called(std::move(function));
  const std::string three = co_await called([] { return std::string("no captures"); });
  const std::string four = co_await owned(captured + " by value");
  const std::string five = co_await shout(captured + " until the end of the statement");
  co_return one.size() + two.size() + three.size() + four.size() + five.size();
}

class Correct final : public Resolver {
 public:
  Correct(Shard& shard, std::vector<std::shared_ptr<Resolver>> others) : shard_(shard), others_(std::move(others)) {}

  Task<Result> resolve(const Query& query) override {
    for (const auto& other : others_) {
      auto answer = co_await other->resolve(query);
      if (answer) co_return answer;
    }
    const Query elsewhere = query.withQuestion(query.name(), Type::MX);
    auto pending = others_.front()->resolve(elsewhere);
    auto answer = co_await std::move(pending);
    co_return answer;
  }

  Task<Result> awaitedAtOnce(const Query& query) {
    auto answer = co_await others_.front()->resolve(query.withQuestion(query.name(), Type::MX));
    co_return answer;
  }
  Task<bool> viewOfQuery(const Query& query) {
    const std::string_view label = query.name().firstLabel();
    auto pending = exists(query.name());
    auto loud = shout("a literal lives for ever");
    auto kept = owned(query.name().toString());
    co_await sleepFor(shard_, 5ms, query.stopToken());
    const std::string text = co_await std::move(loud);
    const std::string copy = co_await std::move(kept);
    const bool there = co_await std::move(pending);
    co_return there&& label.size() == text.size() + copy.size();
  }

  Task<bool> notACoroutine(const Query& query) { return query.type() == Type::A; }
  Task<bool> overATemporary(const Query& query) { return notACoroutine(query.withQuestion(query.name(), Type::MX)); }
  Task<> deliberately() {
    [[maybe_unused]] const auto unused = background();
    co_return;
  }
  Task<> ofTheMember() { co_await sleepFor(shard_, 100ms, all_.token()); }
  Task<> spawningMembers() {
    all_.spawn(ofTheMember());
    co_await all_.join();
  }

  Task<> background() { co_await sleepFor(shard_, 100ms); }
  Task<> obedient(StopToken stop) { co_await sleepFor(shard_, 100ms, stop); }
  Task<Result> spawning(const Query& query) {
    TaskScope work(query.stopToken());
    work.spawn(background(), work.token());
    work.spawn(obedient(work.token()));
    co_await work.join();
    co_return std::nullopt;
  }

  Task<Result> recursion(const Query& query, int depth) {
    if (depth == 0) co_return std::nullopt;
    auto answer = co_await recursion(query, depth - 1);
    co_return answer;
  }

  Task<std::string> copied() {
    const std::string first = texts_.front();
    co_await sleepFor(shard_, 5ms);
    co_return first;
  }
  Task<std::string> lookedUpAgain() {
    const std::string& first = texts_.front();
    const std::size_t size = first.size();
    co_await sleepFor(shard_, 5ms);
    const std::string& now = texts_.front();
    co_return now.substr(0, size);
  }
  Task<std::string> leftBefore(bool waits) {
    const std::string& first = texts_.front();
    if (waits) {
      co_await sleepFor(shard_, 5ms);
      co_return "late";
    }
    co_return first;
  }
  Task<std::size_t> own() {
    std::vector<std::string> texts = texts_;
    const std::string& first = texts.front();
    co_await sleepFor(shard_, 5ms);
    co_return first.size();
  }
  Task<std::size_t> allowed() {
    const std::string& first = texts_.front();  // taut-lint: allow
    co_await sleepFor(shard_, 5ms);
    // taut-lint: allow
    if (co_await ready()) co_return 0;
    co_return first.size();
  }

 private:
  Shard& shard_;
  const std::vector<std::shared_ptr<Resolver>> others_;
  std::vector<std::string> texts_;
  TaskScope all_;
};

}  // namespace

void correct(Shard& shard, const Query& query) {
  Correct resolver(shard, {});
  shard.run(conditions());
  shard.run(arguments("a text"));
  shard.run(resolver.resolve(query.withQuestion(query.name(), Type::MX)));
  auto lambda = [](std::string text) -> Task<std::size_t> { co_return text.size(); };
  shard.run(lambda("a parameter"));
}
