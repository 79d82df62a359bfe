#include "taut/base/input_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include "taut/base/shut_in.hpp"
#include "taut/base/user_name.hpp"

namespace taut {

namespace {

FileError systemError(int error) {
  return FileError(std::generic_category().message(error));
}

std::string ownedBy(const struct stat& status) {
  constexpr auto permissions = 07777U;
  return fmt::format("belongs to {}:{} with mode {:04o}", userName(status.st_uid), groupName(status.st_gid),
                     status.st_mode & permissions);
}

// The folder on the way to the file that this process may not enter; empty where there is none.
std::string closedFolder(const std::string& path) {
  std::error_code error;
  std::filesystem::path way;
  for (const auto& part : std::filesystem::absolute(path, error).parent_path()) {
    way /= part;
    if (::eaccess(way.c_str(), X_OK) != 0) return way.string();
  }
  return {};
}

// Who may not read the file, and whom it belongs to.
FileError notPermitted(const std::string& path) {
  if (isShutOut(path)) return FileError(shutOutReason);
  const std::string reason = std::generic_category().message(EACCES);
  const std::string user = userName(::geteuid());
  const std::string folder = closedFolder(path);
  struct stat status {};
  if (::stat(folder.empty() ? path.c_str() : folder.c_str(), &status) != 0) return FileError(reason);
  if (!folder.empty())
    return FileError(fmt::format("{}: user {} may not enter the folder {}, which {}; expected mode 0755, say", reason,
                                 user, folder, ownedBy(status)));
  return FileError(
      fmt::format("{}: user {} may not read it, which {}; expected a group of that user and mode 0640, say", reason,
                  user, ownedBy(status)));
}

FileError tooLarge(std::uint64_t maxSize) {
  return FileError(fmt::format("it is larger than {} octets", maxSize));
}

FileVersion versionOf(const struct stat& status) {
  FileVersion version;
  version.device = status.st_dev;
  version.inode = status.st_ino;
  version.size = static_cast<std::uint64_t>(status.st_size);
  version.changed = std::int64_t{status.st_ctim.tv_sec} * 1'000'000'000 + status.st_ctim.tv_nsec;
  return version;
}

bool isNullDevice(const struct stat& status) {
  constexpr auto memoryDevices = 1U;
  constexpr auto null = 3U;
  return S_ISCHR(status.st_mode) && status.st_rdev == makedev(memoryDevices, null);
}

}  // namespace

// Without O_NONBLOCK the open of a FIFO would wait for a writer. A terminal must not become the process's own by being
// opened.
InputFile::InputFile(const std::string& path, std::uint64_t maxSize)
    : file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)), maxSize_(maxSize) {
  struct stat status {};
  if (!file_ && errno == EACCES) throw notPermitted(path);
  if (!file_ || ::fstat(file_.get(), &status) != 0) throw systemError(errno);
  if (S_ISDIR(status.st_mode)) throw systemError(EISDIR);
  if (!S_ISREG(status.st_mode) && !isNullDevice(status)) throw FileError("it is not a regular file");
  version_ = versionOf(status);
  if (version_.size > maxSize_) throw tooLarge(maxSize_);
}

std::size_t InputFile::read(char* into, std::size_t size) {
  ssize_t count = 0;
  do {
    count = ::read(file_.get(), into, size);
  } while (count < 0 && errno == EINTR);
  if (count < 0) throw systemError(errno);
  read_ += static_cast<std::uint64_t>(count);
  if (read_ > maxSize_) throw tooLarge(maxSize_);
  return static_cast<std::size_t>(count);
}

std::string InputFile::readAll() {
  // With room for one octet more than the file has, the first read already shows the file's end.
  std::string text(version_.size + 1, '\0');
  std::size_t size = 0;
  while (const std::size_t count = read(text.data() + size, text.size() - size)) {
    size += count;
    if (size == text.size()) text.resize(2 * size);
  }
  text.resize(size);
  return text;
}

FileVersion fileVersion(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? versionOf(status) : FileVersion();
}

}  // namespace taut
