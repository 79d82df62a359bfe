// How the answer to a request of the control tool ends.
#pragma once

#include <string>
#include <utility>

#include "control_request.hpp"

namespace taut {

struct ControlOutcome {
  ControlStatus status = ControlStatus::ok;
  std::string error{};  // empty where the status is ok
};

inline ControlOutcome failure(std::string error) {
  return {ControlStatus::failed, std::move(error)};
}

inline ControlOutcome wrongUsage(std::string error) {
  return {ControlStatus::usage, std::move(error)};
}

// For what was asked of a server that ends before it could be done.
inline ControlOutcome cutShort() {
  return failure("the server is ending");
}

// For what was asked of a server whose threads do not serve yet.
inline ControlOutcome tooEarly() {
  return failure("the server is still starting");
}

}  // namespace taut
