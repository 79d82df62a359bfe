#include "taut/base/format.hpp"

#include <iterator>

namespace taut {

void appendFormatted(fmt::memory_buffer& out, fmt::string_view text, fmt::format_args arguments) {
  fmt::vformat_to(std::back_inserter(out), text, arguments);
}

}  // namespace taut
