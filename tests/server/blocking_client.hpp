// Clients as other programs are: sockets that block. Their time-out is a safety net only.
#pragma once

#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <system_error>

#include "messages.hpp"
#include "net/socket.hpp"
#include "taut/base/address.hpp"
#include "taut/base/unique_fd.hpp"

namespace taut {

class BlockingClient {
 public:
  // `type` is SOCK_DGRAM or SOCK_STREAM. Throws std::system_error where the connection is refused.
  BlockingClient(int type, const Address& server) : type_(type), fd_(::socket(server.family(), type, 0)) {
    const timeval safetyNet{20, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &safetyNet, sizeof safetyNet);
    sockaddr_storage name{};
    const socklen_t length = server.toSockaddr(name);
    if (::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&name), length) != 0)
      throw std::system_error(errno, std::generic_category(), "connect");
    // Where nobody listens the kernel may give a connection that very port, and it meets itself.
    if (type == SOCK_STREAM && detail::localAddressOf(fd_.get()) == server)
      throw std::system_error(ECONNREFUSED, std::generic_category(), "connect");
  }

  void send(const Bytes& message) { sendOctets(type_ == SOCK_STREAM ? framed(message) : message); }

  // As they are, also over a stream.
  void sendOctets(const Bytes& bytes) {
    if (::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size()))
      throw std::system_error(errno, std::generic_category(), "send");
  }

  // Nothing at the end of the stream, on an error, and when nothing comes.
  std::optional<Bytes> receive() {
    Bytes message(65535);
    if (type_ == SOCK_STREAM) {
      std::array<std::uint8_t, 2> length{};
      if (!read(length)) return std::nullopt;
      message.resize(loadU16(length.data()));
      if (!read(message)) return std::nullopt;
      return message;
    }
    const ssize_t size = receiveOnce(message, 0);
    if (size < 0) return std::nullopt;
    message.resize(static_cast<std::size_t>(size));
    return message;
  }

  std::optional<ParsedReply> ask(const Bytes& message) {
    send(message);
    const auto reply = receive();
    if (!reply) return std::nullopt;
    return ParsedReply(*reply);
  }

 private:
  // The kernel interrupts a call that has a time-out when it has work to do for a ring that this thread made.
  ssize_t receiveOnce(MutableByteSpan bytes, int flags) {
    ssize_t size = -1;
    do {
      size = ::recv(fd_.get(), bytes.data(), bytes.size(), flags);
    } while (size < 0 && errno == EINTR);
    return size;
  }

  bool read(MutableByteSpan bytes) {
    while (!bytes.empty()) {
      const ssize_t size = receiveOnce(bytes, MSG_WAITALL);
      if (size <= 0) return false;
      bytes = bytes.subspan(static_cast<std::size_t>(size));
    }
    return true;
  }

  int type_;
  UniqueFd fd_;
};

}  // namespace taut
