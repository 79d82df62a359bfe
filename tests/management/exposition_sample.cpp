// Prints the metrics of a server that has done everything once, for tests that give them to other programs.
#include <cstdio>

#include "full_snapshot.hpp"
#include "management/exposition.hpp"

int main() {
  const std::string text = taut::exposition(taut::fullSnapshot());
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() ? 0 : 1;
}
