#include "stored_file.hpp"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace taut::detail {

std::string fileFailure(const std::string& path, std::string_view reason) {
  return fmt::format("{}: {}", path, reason);
}

std::string fileFailure(const std::string& path) {
  return fileFailure(path, std::generic_category().message(errno));
}

// Without O_NONBLOCK a FIFO in the place of the file would be waited for.
Result<StoredFile, std::string> openStored(const std::string& path, int flags) {
  StoredFile file{UniqueFd(::open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK)), 0};
  if (!file.fd && errno == ENOENT) return file;
  struct stat status {};
  if (!file.fd || ::fstat(file.fd.get(), &status) != 0) return Failure(fileFailure(path));
  if (!S_ISREG(status.st_mode)) return Failure(fileFailure(path, "it is not a regular file"));
  file.size = static_cast<std::uint64_t>(status.st_size);
  return file;
}

bool readAt(int fd, MutableByteSpan into, std::uint64_t at) {
  while (!into.empty()) {
    const ssize_t count = ::pread(fd, into.data(), into.size(), static_cast<off_t>(at));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    into = into.subspan(static_cast<std::size_t>(count));
    at += static_cast<std::uint64_t>(count);
  }
  return true;
}

bool writeAt(int fd, ByteSpan octets, std::uint64_t at) {
  while (!octets.empty()) {
    const ssize_t count = ::pwrite(fd, octets.data(), octets.size(), static_cast<off_t>(at));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    octets = octets.subspan(static_cast<std::size_t>(count));
    at += static_cast<std::uint64_t>(count);
  }
  return true;
}

}  // namespace taut::detail
