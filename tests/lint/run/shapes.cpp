// The awaits that g++ 12 translates wrongly, to be compiled by clang, which translates them as they are written. Prints
// the names of those that went wrong, and ends with status 1 where there are any.
#include <fmt/format.h>

#include "taut/taut.hpp"

using namespace taut;
using namespace std::chrono_literals;

namespace {

// Counts those that live, so that one that is destroyed twice is noticed.
class Living {
 public:
  explicit Living(int value) : value_(value) { ++count; }
  Living(const Living& other) : value_(other.value_) { ++count; }
  Living& operator=(const Living&) = delete;
  ~Living() { --count; }

  int value() const { return value_; }

  static inline int count = 0;

 private:
  int value_;
};

struct Pair {
  Living first;
  std::string second;
};

constexpr std::string_view longText = "a text that is too long to be kept within the string itself";

Shard* shard = nullptr;
int failures = 0;

// Each of these waits, so that its caller is really resumed.
Task<int> number(int value) {
  co_await sleepFor(*shard, 1ms);
  co_return value;
}
Task<std::string> text(std::string value) {
  co_await sleepFor(*shard, 1ms);
  co_return value;
}
Task<bool> isWhole(Pair pair) {
  co_await sleepFor(*shard, 1ms);
  co_return pair.first.value() == 7 && pair.second == longText;
}
Task<std::string> called(std::function<std::string()> function) {
  co_await sleepFor(*shard, 1ms);
  co_return function();
}

Task<bool> inIf() {
  if (co_await number(1)) co_return true;
  co_return false;
}
Task<bool> inWhile() {
  int left = 3;
  while (co_await number(left)) --left;
  co_return left == 0;
}
Task<bool> inSwitch() {
  switch (co_await number(2)) {
    case 2:
      co_return true;
    default:
      co_return false;
  }
}
Task<bool> inChoice() {
  const bool first = co_await number(1) == 1;
  const std::string chosen = first ? co_await text(std::string(longText)) : std::string("other");
  co_return chosen == longText;
}
Task<bool> inBraces() {
  const Pair pair{.first = Living(7), .second = co_await text(std::string(longText))};
  co_return pair.first.value() == 7 && pair.second == longText;
}
Task<bool> bracedArgument() {
  const bool whole = co_await isWhole({Living(7), std::string(longText)});
  co_return whole;
}
Task<bool> namedArgument() {
  const bool whole = co_await isWhole(Pair{Living(7), std::string(longText)});
  co_return whole;
}
Task<bool> lambdaArgument() {
  const std::string captured(longText);
  const std::string said = co_await called([captured] { return captured; });
  co_return said == longText;
}

void check(const char* name, Task<bool> shape) {
  const int alive = Living::count;
  const bool right = shard->run(std::move(shape)) && Living::count == alive;
  if (right) return;
  ++failures;
  fmt::print("{} went wrong\n", name);
}

}  // namespace

int main() {
  Shard own;
  shard = &own;
  check("an await in the condition of if", inIf());
  check("an await in the condition of while", inWhile());
  check("an await in the condition of switch", inSwitch());
  check("an await within ?:", inChoice());
  check("an await among the values in braces", inBraces());
  check("braces as an argument", bracedArgument());
  check("a named aggregate as an argument", namedArgument());
  check("a lambda as an argument", lambdaArgument());
  return failures == 0 ? 0 : 1;
}
