// What a key expects, in words: `a whole number from 1 to 10`.
#pragma once

#include <string>

#include "schema.hpp"

namespace taut::config {

std::string expectation(const Key& key);

// Of a list, what each of its values is; the same as `expectation` for other keys.
std::string expectationOfOne(const Key& key);

}  // namespace taut::config
