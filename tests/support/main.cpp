// doctest's own code, for all test programs. Not by the macro that brings a main() too: that one takes effect only
// where no precompiled header has included doctest before.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

int main(int count, char** arguments) {
  return doctest::Context(count, arguments).run();
}
