// Whether this process has shut itself in, so that parts of it know what they may not ask any more.
#pragma once

#include <string>

namespace taut {

// From now on files are there for this process only below some folders. For the sandbox of tautd.
void noteShutIn() noexcept;
bool isShutIn() noexcept;

// Whether it is that alone which keeps the process from the file, or from what is in the folder: its permissions allow
// it.
bool isShutOut(const std::string& path);

// What to say then, after the path and a colon.
inline constexpr const char* shutOutReason =
    "it is in none of the folders that the configuration named at the start, and the sandbox leaves the server no "
    "other: it needs a restart, for example by tautctl upgrade";

}  // namespace taut
