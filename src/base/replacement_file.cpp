#include "taut/base/replacement_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

namespace taut {

namespace {

// Without it a crash of the system may bring the file before back.
bool syncFolderOf(const std::string& path) {
  std::string folder = std::filesystem::path(path).parent_path();
  if (folder.empty()) folder = ".";
  const UniqueFd opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return opened && ::fsync(opened.get()) == 0;
}

}  // namespace

ReplacementFile::ReplacementFile(std::string path, mode_t mode)
    : path_(std::move(path)),
      beside_(path_ + ".new"),
      fd_(::open(beside_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode)),
      error_(fd_ ? 0 : errno) {}

ReplacementFile::~ReplacementFile() {
  if (fd_) ::unlink(beside_.c_str());
}

bool ReplacementFile::write(ByteSpan octets) {
  while (error_ == 0 && !octets.empty()) {
    const ssize_t count = ::pwrite(fd_.get(), octets.data(), octets.size(), static_cast<off_t>(size_));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      error_ = errno;
      break;
    }
    octets = octets.subspan(static_cast<std::size_t>(count));
    size_ += static_cast<std::uint64_t>(count);
  }
  return error_ == 0;
}

Result<UniqueFd, std::string> ReplacementFile::takePlace() {
  if (error_ == 0 && ::fsync(fd_.get()) != 0) error_ = errno;
  if (error_ == 0 && ::rename(beside_.c_str(), path_.c_str()) != 0) error_ = errno;
  if (error_ == 0 && !syncFolderOf(path_)) error_ = errno;
  if (error_ == 0) return std::move(fd_);
  return Failure(std::generic_category().message(error_));
}

}  // namespace taut
