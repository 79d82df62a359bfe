// UnixListener accepts connections of the same host by a socket file, for one shard. They come as the same streams as
// those over TCP; the peer of such a stream is the empty address, and `peerCredentials` tells which process it is.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>

#include "taut/base/stop_token.hpp"
#include "taut/base/unique_fd.hpp"
#include "taut/io/shard.hpp"
#include "taut/net/tcp_listener.hpp"
#include "taut/net/tcp_stream.hpp"

namespace taut {

// A process as the kernel knows it, at the time when it connected.
struct PeerCredentials {
  pid_t process = 0;
  uid_t user = 0;
  gid_t group = 0;
};

// Nothing for a stream that is not of a unix socket.
std::optional<PeerCredentials> peerCredentials(const TcpStream& stream) noexcept;

class UnixListener {
 public:
  // Makes the file `path` with the permissions `mode`, whatever the umask; at no time has it more of them. The file
  // that a process left which has ended is replaced. Throws std::system_error, its text naming the path, where another
  // process listens there, where the path is no socket or too long, or where the folder does not allow it.
  static UnixListener bind(Shard& shard, std::string path, mode_t mode = 0660);

  // A socket that listens on the file `path` already, made by another process, which removes the file as well unless
  // `takeFile` is called.
  static UnixListener adopt(Shard& shard, UniqueFd fd, std::string path);

  UnixListener(UnixListener&&) noexcept = default;
  UnixListener& operator=(UnixListener&&) = delete;
  // Removes the file, unless another process has replaced it.
  ~UnixListener();

  const std::string& path() const noexcept { return path_; }
  int fd() const noexcept { return fd_.get(); }
  // The file is removed when this listener ends, or left to another process that listens on.
  void takeFile() noexcept;
  void leaveFile() noexcept { file_ = {}; }
  // One stream at a time. The listener outlives it.
  ConnectionStream acceptMany(StopToken stop, ConnectionStream::MakeRoom makeRoom = {}) noexcept {
    return ConnectionStream(*shard_, fd_.get(), stop, std::move(makeRoom));
  }

 private:
  // Which file it is: inodes of different devices have the same numbers.
  struct File {
    dev_t device = 0;
    ino_t inode = 0;
    friend bool operator==(const File&, const File&) = default;
  };

  UnixListener(Shard& shard, UniqueFd fd, std::string path, File file) noexcept
      : shard_(&shard), fd_(std::move(fd)), path_(std::move(path)), file_(file) {}

  Shard* shard_;
  UniqueFd fd_;  // none in one that was moved from
  std::string path_;
  File file_;
};

}  // namespace taut
