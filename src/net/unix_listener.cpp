#include "taut/net/unix_listener.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "unix_name.hpp"

namespace taut {

namespace {

constexpr int backlog = 64;

[[noreturn]] void throwError(int error, const std::string& path, std::string_view what = {}) {
  throw std::system_error(error, std::generic_category(), fmt::format("cannot listen on {}{}", path, what));
}

// Says that it is the folder that is missing, where it is.
std::string missingFolder(int error, const std::string& path) {
  if (error != ENOENT) return {};
  return fmt::format(": there is no folder {}", std::filesystem::absolute(path).parent_path().string());
}

sockaddr_un nameOf(const std::string& path) {
  const auto name = detail::unixName(path);
  if (!name) throwError(ENAMETOOLONG, path, fmt::format(": expected 1 to {} octets", maxSocketPath));
  return *name;
}

UniqueFd openSocket(const std::string& path, int flags = 0) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
  if (!fd) throwError(errno, path);
  return fd;
}

std::optional<PeerCredentials> credentialsOf(int fd) noexcept {
  ucred peer{};
  socklen_t length = sizeof peer;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0 || peer.pid == 0) return std::nullopt;
  return PeerCredentials{peer.pid, peer.uid, peer.gid};
}

// Two servers that start at the same time do not remove each other's file: the folder is locked while one looks whether
// the file is in use, and makes its own. A process that keeps the folder locked delays a start, and does not prevent
// it.
class FolderLock {
 public:
  explicit FolderLock(const std::string& path) {
    constexpr int attempts = 100;
    constexpr std::chrono::milliseconds pause{10};
    const auto folder = std::filesystem::path(path).parent_path();
    fd_.reset(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    for (int i = 0; fd_ && i < attempts && ::flock(fd_.get(), LOCK_EX | LOCK_NB) != 0; ++i)
      std::this_thread::sleep_for(pause);
  }

 private:
  UniqueFd fd_;
};

// The kernel takes down what a killed process left, and may still accept connections for it meanwhile.
bool hasEnded(const std::optional<PeerCredentials>& holder) noexcept {
  return holder && ::kill(holder->process, 0) != 0 && errno == ESRCH;
}

// A socket file that no process listens on any more is removed.
void removeStale(const std::string& path, const sockaddr_un& name) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return;
  if (!S_ISSOCK(status.st_mode)) throwError(EEXIST, path, ": there is a file that is no socket");
  const UniqueFd probe = openSocket(path, SOCK_NONBLOCK);
  const bool connected = ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0;
  const int error = errno;
  if (connected || error == EAGAIN) {  // more clients wait already than may
    const auto holder = credentialsOf(probe.get());
    if (!hasEnded(holder))
      throwError(EADDRINUSE, path, holder ? fmt::format(": process {} does", holder->process) : std::string());
  } else if (error != ECONNREFUSED) {
    throwError(error, path);
  }
  if (::unlink(path.c_str()) != 0) throwError(errno, path);
}

}  // namespace

std::optional<PeerCredentials> peerCredentials(const TcpStream& stream) noexcept {
  return credentialsOf(stream.fd());
}

// The file gets the permissions that the socket has when it is bound, less those of the umask.
UnixListener UnixListener::bind(Shard& shard, std::string path, mode_t mode) {
  const sockaddr_un name = nameOf(path);
  const FolderLock lock(path);
  removeStale(path, name);
  UniqueFd fd = openSocket(path);
  if (::fchmod(fd.get(), mode) != 0) throwError(errno, path);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) {
    const int error = errno;
    throwError(error, path, missingFolder(error, path));
  }
  struct stat status {};
  if (::chmod(path.c_str(), mode) != 0 || ::stat(path.c_str(), &status) != 0 || ::listen(fd.get(), backlog) != 0) {
    const int error = errno;
    ::unlink(path.c_str());
    throwError(error, path);
  }
  return UnixListener(shard, std::move(fd), std::move(path), {status.st_dev, status.st_ino});
}

UnixListener UnixListener::adopt(Shard& shard, UniqueFd fd, std::string path) {
  ::fcntl(fd.get(), F_SETFD, FD_CLOEXEC);
  return UnixListener(shard, std::move(fd), std::move(path), {});
}

void UnixListener::takeFile() noexcept {
  struct stat status {};
  if (::stat(path_.c_str(), &status) == 0) file_ = {status.st_dev, status.st_ino};
}

UnixListener::~UnixListener() {
  struct stat status {};
  if (fd_ && ::stat(path_.c_str(), &status) == 0 && File{status.st_dev, status.st_ino} == file_)
    ::unlink(path_.c_str());
}

}  // namespace taut
