#include "taut/net/unix_stream.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "unix_name.hpp"

namespace taut {

// The socket does not wait while it connects. Afterwards it may: operations of io_uring on it are meant to.
Result<TcpStream, IoResult> connectUnix(Shard& shard, const std::string& path) noexcept {
  const auto name = detail::unixName(path);
  if (!name) return Failure(IoResult::failure(ENAMETOOLONG));
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd || ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&*name), sizeof *name) != 0 ||
      ::fcntl(fd.get(), F_SETFL, 0) != 0)
    return Failure(IoResult::failure(errno));
  return TcpStream(shard, std::move(fd), Address());
}

}  // namespace taut
