// What is left to chance in the classes under test, drawn from one seed, so that each run of a test makes the same
// choices: the linker puts these numbers in the place of the kernel's (`--wrap` in meson.build). IDs stay the kernel's.
#pragma once

namespace taut::test {

// From here on this thread has the same numbers as after each other call.
void beginChance();

}  // namespace taut::test
