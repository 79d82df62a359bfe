// Descriptors on their way to another process, through a connected unix socket (SCM_RIGHTS of unix(7)).
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace taut {

// In one message; the kernel takes 253.
inline constexpr std::size_t maxSentDescriptors = 200;

// Sends the text, at least one octet, and copies of at most `maxSentDescriptors` descriptors with it: 0, or the number
// of the error. `flags` are those of send(2); no SIGPIPE comes of it.
int sendDescriptors(int fd, std::string_view text, std::span<const int> descriptors, int flags = 0) noexcept;

}  // namespace taut
