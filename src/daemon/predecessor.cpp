#include "predecessor.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <string>

#include "management/successor_line.hpp"

namespace taut {

void Predecessor::failed(std::string_view reason) noexcept {
  try {
    const std::string line = successor::failedLine(reason);
    ::send(channel_.get(), line.data(), line.size(), MSG_NOSIGNAL);
  } catch (const std::exception&) {
    // The server before notices the end all the same.
  }
}

void Predecessor::takeOver() {
  const std::string line = successor::readyLine(::getpid());
  ::send(channel_.get(), line.data(), line.size(), MSG_NOSIGNAL);
  std::array<char, 64> answer{};
  ssize_t size = -1;
  do size = ::recv(channel_.get(), answer.data(), answer.size(), 0);
  while (size < 0 && errno == EINTR);
  channel_.reset();
  if (size > 0 && std::string_view(answer.data(), static_cast<std::size_t>(size)) != successor::takenLine)
    throw std::runtime_error("the server before goes on: it has given the upgrade up");
}

}  // namespace taut
