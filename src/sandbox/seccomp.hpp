// The filter of system calls (seccomp(2)), made of the rows of the features that are in use.
#pragma once

#include <span>
#include <string>

#include "sandbox.hpp"

namespace taut::sandbox {

// For all threads of the process. Why there is none where the kernel declines, and empty where there is one.
std::string filterCalls(std::span<const Feature> features);

}  // namespace taut::sandbox
