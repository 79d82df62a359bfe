// What nearly every file of the layers includes, compiled once for all of them. Each file includes what it needs
// nevertheless: a build with -Db_pch=false knows nothing of this header.

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <chrono>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>
