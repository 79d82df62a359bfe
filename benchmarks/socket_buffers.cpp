// Loaded into every server under measurement (LD_PRELOAD): gives each UDP socket the same buffers, in octets as
// TAUT_SOCKET_BUFFER says, so that the size that a server asks for does not matter.
#include <dlfcn.h>
#include <sys/socket.h>

#include <cstdlib>

namespace {

bool isDatagramSocket(int fd) {
  int type = 0;
  socklen_t length = sizeof type;
  return ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_DGRAM;
}

template <class Function>
Function nextFunction(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

using Setsockopt = int (*)(int, int, int, const void*, socklen_t);
using Bind = int (*)(int, const sockaddr*, socklen_t);

bool setsSize(int name) {
  return name == SO_RCVBUF || name == SO_SNDBUF || name == SO_RCVBUFFORCE || name == SO_SNDBUFFORCE;
}

void giveBuffers(int fd) {
  static const auto setOption = nextFunction<Setsockopt>("setsockopt");
  const char* text = std::getenv("TAUT_SOCKET_BUFFER");
  const int size = text != nullptr ? std::atoi(text) : 0;
  if (size <= 0) return;
  setOption(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  setOption(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
}

}  // namespace

extern "C" {

int bind(int fd, const sockaddr* address, socklen_t length) noexcept {
  static const auto next = nextFunction<Bind>("bind");
  const int result = next(fd, address, length);
  if (result == 0 && isDatagramSocket(fd)) giveBuffers(fd);
  return result;
}

int setsockopt(int fd, int level, int name, const void* value, socklen_t length) noexcept {
  static const auto next = nextFunction<Setsockopt>("setsockopt");
  if (level == SOL_SOCKET && setsSize(name) && isDatagramSocket(fd)) return 0;
  return next(fd, level, name, value, length);
}
}
