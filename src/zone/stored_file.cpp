#include "stored_file.hpp"

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace taut::detail {

namespace {

// Without it a crash of the system may bring the file before back.
bool syncFolderOf(const std::string& path) {
  std::string folder = std::filesystem::path(path).parent_path();
  if (folder.empty()) folder = ".";
  const UniqueFd opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return opened && ::fsync(opened.get()) == 0;
}

}  // namespace

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

Replacement::Replacement(std::string path)
    : path_(std::move(path)),
      beside_(path_ + ".new"),
      fd_(::open(beside_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR)),
      error_(fd_ ? 0 : errno) {}

Replacement::~Replacement() {
  if (fd_) ::unlink(beside_.c_str());
}

bool Replacement::write(ByteSpan octets) {
  if (error_ != 0) return false;
  if (!writeAt(fd_.get(), octets, size_)) error_ = errno;
  size_ += octets.size();
  return error_ == 0;
}

Result<UniqueFd, std::string> Replacement::commit() {
  if (error_ == 0 && ::fsync(fd_.get()) != 0) error_ = errno;
  if (error_ == 0 && ::rename(beside_.c_str(), path_.c_str()) != 0) error_ = errno;
  if (error_ == 0 && !syncFolderOf(path_)) error_ = errno;
  if (error_ == 0) return std::move(fd_);
  errno = error_;
  return Failure(fileFailure(path_));
}

}  // namespace taut::detail
