// The loaded handlers, as JSON and in words.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "snapshot.hpp"

namespace taut {

// As a configuration has it: `before-zones`.
std::string_view toWord(HandlerPlace place);

// On one line, with its end.
std::string handlersJson(const std::vector<HandlerStatus>& handlers);

std::string handlersText(const std::vector<HandlerStatus>& handlers);

}  // namespace taut
