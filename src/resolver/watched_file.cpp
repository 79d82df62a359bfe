#include "taut/resolver/watched_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "taut/base/log.hpp"
#include "taut/base/unique_fd.hpp"

namespace taut {

namespace {

std::string reason(int error) {
  return std::generic_category().message(error);
}

}  // namespace

WatchedFile::WatchedFile(std::string path, std::size_t maxSize, const Clock& clock)
    : path_(std::move(path)), maxSize_(maxSize), clock_(clock) {}

std::optional<std::string> WatchedFile::takeChange(bool force) {
  const auto now = clock_.now();
  if (!force && looked_ && now - *looked_ < checkInterval) return std::nullopt;
  looked_ = now;
  const Version version = look();
  if (version_ == version) return std::nullopt;
  if (version_) log::info("{} changed, reparsing", path_);
  version_ = version;
  if (version.error == 0) return read();
  log::warning("cannot read {}: {}", path_, reason(version.error));
  return std::string();
}

WatchedFile::Version WatchedFile::look() const {
  struct stat status;
  Version version;
  if (::stat(path_.c_str(), &status) != 0) {
    version.error = errno;
    return version;
  }
  version.device = status.st_dev;
  version.inode = status.st_ino;
  version.size = status.st_size;
  version.changed = std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
  return version;
}

std::string WatchedFile::read() const {
  // Without O_NONBLOCK the open of a named pipe would wait for a writer.
  const UniqueFd file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status;
  if (!file || ::fstat(file.get(), &status) != 0) {
    log::warning("cannot read {}: {}", path_, reason(errno));
    return {};
  }
  // Some installations have the null device in place of the file.
  if (S_ISCHR(status.st_mode)) return {};
  if (!S_ISREG(status.st_mode) || static_cast<std::size_t>(status.st_size) > maxSize_) {
    log::warning("cannot read {}: it is no regular file of {} octets at most", path_, maxSize_);
    return {};
  }
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(file.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) log::warning("cannot read {}: {}", path_, reason(errno));
    if (got <= 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  return text;
}

}  // namespace taut
