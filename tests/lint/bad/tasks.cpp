// Tasks over temporaries, tasks that nothing awaits, joins or stops, and what blocks a shard or crashes it.
#include <thread>

#include "taut/taut.hpp"

using namespace taut;
using namespace std::chrono_literals;

namespace {

using Result = std::optional<Answer>;

Task<std::string> shout(std::string_view text);
Task<std::string> whisper(const std::string& text);
Task<bool> exists(NameView name);
Task<std::size_t> count(std::span<const std::string> texts);
std::vector<std::string> texts();

class Mistaken final : public Resolver {
 public:
  Mistaken(Shard& shard, std::shared_ptr<Resolver> next) : shard_(shard), next_(std::move(next)) {}

  Task<Result> resolve(const Query& query) override {
    auto pending = next_->resolve(query.withQuestion(query.name(), Type::MX));  // expect: refers to a temporary
    auto answer = co_await std::move(pending);
    co_return answer;
  }
  Task<Result> passedOn(const Query& query) {
    return next_->resolve(query.withQuestion(query.name(), Type::MX));  // expect: refers to a temporary
  }
  Task<Result> made(NameView name) {
    return next_->resolve(Query(name, Type::MX));  // expect: refers to a temporary
  }

  Task<std::size_t> views(const Query& query) {
    auto one = shout(query.name().toString() + " and more");  // expect: refers to a temporary
    auto two = whisper("a text that becomes a string");       // expect: refers to a temporary
    auto three = exists(Name("www.example.com"));             // expect: refers to a temporary
    std::vector<Task<std::string>> all;
    all.push_back(whisper(query.name().toString()));  // expect: refers to a temporary
    Task<std::size_t> four = count(texts());          // expect: refers to a temporary
    const std::string first = co_await std::move(one);
    const std::string second = co_await std::move(two);
    const bool third = co_await std::move(three);
    const std::size_t fourth = co_await std::move(four);
    co_return first.size() + second.size() + (third ? 1 : 0) + fourth;
  }

  Task<> background() { co_await sleepFor(shard_, 100ms); }
  Task<> logged(const std::string& text) {
    co_await sleepFor(shard_, 100ms);
    log::info("{}", text);
  }
  Task<Result> spawning(const Query& query) {
    TaskScope work;                                                  // expect: ends before its tasks
    work.spawn(background());                                        // expect: nothing stops the waits of `background`
    work.spawn(logged(query.name().toString()), query.stopToken());  // expect: refers to a temporary
    all_.spawn(background());                                        // expect: nothing stops the waits of `background`
    co_return Answer();
  }

  Task<Result> dropped(const Query& query) {
    sleepFor(shard_, 500ms);        // expect: `sleepFor` only says what to wait for
    background();                   // expect: `background` only says what to wait for
    auto forgotten = background();  // expect: `forgotten` is never awaited
    Event never;
    never.wait(query.stopToken());           // expect: `wait` only says what to wait for
    const auto wait = sleepFor(shard_, 1s);  // expect: `wait` is never awaited
    co_return std::nullopt;
  }

  Task<Result> noResult(const Query& query) {
    co_await sleepFor(shard_, 10ms);
    if (query.type() == Type::A) co_return Answer();
  }  // expect: has no result
  Task<Result> blocking(const Query&) {
    std::this_thread::sleep_for(3s);  // expect: blocks the shard
    co_return std::nullopt;
  }
  Task<Result> blockingAtOnce(const Query&) {
    std::this_thread::sleep_until(std::chrono::steady_clock::now() + 1s);  // expect: blocks the shard
    return std::nullopt;
  }
  Task<Result> recursion(const Query& query) {
    auto answer = co_await recursion(query);  // expect: awaits itself without an end
    co_return answer;
  }
  Task<Result> pointer(const Query& query) {
    std::shared_ptr<Resolver> nobody;
    auto answer = co_await nobody->resolve(query);  // expect: `nobody` points to nothing
    co_return answer;
  }

 private:
  Shard& shard_;
  std::shared_ptr<Resolver> next_;
  TaskScope all_;
};

}  // namespace

std::shared_ptr<Resolver> mistaken(Shard& shard, std::shared_ptr<Resolver> next) {
  return std::make_shared<Mistaken>(shard, std::move(next));
}
