#include "taut/server/handler.hpp"

namespace taut {

extern "C" const char tautLibrary = 0;

static_assert(detail::libraryVersion == TAUT_VERSION);

}  // namespace taut
