// The awaits that g++ 12 translates wrongly.
#include "taut/taut.hpp"

using namespace taut;

namespace {

struct Options {
  std::string first;
  std::string second;
};

Task<bool> ready();
Task<int> number(int value);
Task<std::string> text(std::string value);
Task<std::string> joined(Options options);
Task<std::string> called(std::function<std::string()> function);
Task<std::size_t> lengths(std::vector<std::string> texts);

Task<int> conditions() {
  if (co_await ready()) co_return 1;                // expect: in the condition of `if`
  if (!co_await ready()) co_return 1;               // expect: in the condition of `if`
  while (co_await number(3) > 0) co_await ready();  // expect: in the condition of `while`
  do {
    co_await ready();
  } while (co_await ready());                     // expect: in the condition of `do`
  for (int i = 0; i < co_await number(3); ++i) {  // expect: in the condition of `for`
    co_await ready();
  }
  switch (co_await number(2)) {  // expect: in the condition of `switch`
    case 2:
      co_return 2;
    default:
      break;
  }
  const bool both = true;
  if (both && (co_await number(2)) == 2) co_return 3;  // expect: in the condition of `if`
  co_return 0;
}

Task<std::string> choices(bool first) {
  const auto one = first ? co_await text("one") : std::string("other");  // expect: within `?:`
  std::string two;
  two = first ? "other" : co_await text("two");  // expect: within `?:`
  co_return one + two;
}

Task<std::string> braces() {
  const Options options{.first = co_await text("one"), .second = "two"};  // expect: among the values in braces
  const Options others = {"one", co_await text("two")};                   // expect: among the values in braces
  co_return options.first + others.second;
}

Task<std::size_t> arguments(std::string captured) {
  const auto one = co_await joined(Options{"one", "two"});               // expect: a value in braces
  const auto two = co_await joined({"one", "two"});                      // expect: a value in braces
  const auto three = co_await joined({});                                // expect: a value in braces
  const auto four = co_await called([captured] { return captured; });    // expect: a lambda that captures
  const auto five = co_await lengths({"one", captured});                 // expect: a value in braces
  const auto six = co_await called([&captured]() { return captured; });  // expect: a lambda that captures
  co_return one.size() + two.size() + three.size() + four.size() + five + six.size();
}

template <typename T>
Task<T> inTemplates(T value) {
  if (co_await ready()) co_return value;  // expect: in the condition of `if`
  co_return T();
}

Task<int> useTemplates() {
  const int result = co_await inTemplates(3);
  co_return result;
}

}  // namespace

void shapes(Shard& shard) {
  const std::string captured = "long enough to be on the heap, so that its end is noticed";
  shard.run(conditions());
  shard.run(choices(true));
  shard.run(braces());
  shard.run(arguments(captured));
  shard.run(useTemplates());
  auto lambda = [captured]() -> Task<std::size_t> { co_return captured.size(); };  // expect: a lambda that captures
  shard.run(lambda());
  TaskScope work;
  work.spawn([&captured, &shard]() -> Task<> {  // expect: a lambda that captures
    co_await sleepFor(shard, std::chrono::seconds(1));
    log::info("{}", captured);
  }());
  shard.run([](TaskScope& scope) -> Task<> { co_await scope.join(); }(work));
}
