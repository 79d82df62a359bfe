// Where a resolver that counts seconds gets the time from: the shard's, which is read once a turn, or a test's.
#pragma once

#include <chrono>
#include <functional>

namespace taut {

using TimeSource = std::function<std::chrono::steady_clock::time_point()>;

}  // namespace taut
