// A UDP server that does nothing: it sends each datagram back with the bit set that makes a DNS query a response. It
// costs what the kernel costs, and no server with sockets and plain replies can cost less.
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <system_error>
#include <vector>

#include "taut/base/address.hpp"
#include "taut/base/unique_fd.hpp"

namespace {

using namespace taut;

constexpr std::size_t batch = 64;
constexpr std::size_t maxDatagram = 4096;
constexpr std::size_t flagsOffset = 2;
constexpr std::uint8_t responseBit = 0x80;

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

UniqueFd openSocket(const Address& address) {
  UniqueFd fd(::socket(address.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) fail("socket");
  sockaddr_storage name{};
  const socklen_t length = address.toSockaddr(name);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), length) != 0) fail("bind");
  return fd;
}

class Echo {
 public:
  explicit Echo(const Address& address) : fd_(openSocket(address)), datagrams_(batch) {
    for (std::size_t i = 0; i < batch; ++i) {
      parts_[i] = {datagrams_[i].data(), maxDatagram};
      messages_[i] = {};
      messages_[i].msg_hdr.msg_name = &peers_[i];
      messages_[i].msg_hdr.msg_namelen = sizeof peers_[i];
      messages_[i].msg_hdr.msg_iov = &parts_[i];
      messages_[i].msg_hdr.msg_iovlen = 1;
    }
  }

  void run() {
    while (true) {
      const int received = ::recvmmsg(fd_.get(), messages_.data(), batch, MSG_WAITFORONE, nullptr);
      if (received < 0) fail("recvmmsg");
      answer(static_cast<std::size_t>(received));
    }
  }

 private:
  void answer(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      parts_[i].iov_len = messages_[i].msg_len;
      datagrams_[i][flagsOffset] |= responseBit;
    }
    std::size_t sent = 0;
    while (sent < count) {
      const int result = ::sendmmsg(fd_.get(), &messages_[sent], static_cast<unsigned>(count - sent), 0);
      sent += result > 0 ? static_cast<std::size_t>(result) : 1;
    }
    for (std::size_t i = 0; i < count; ++i) {
      parts_[i].iov_len = maxDatagram;
      messages_[i].msg_hdr.msg_namelen = sizeof peers_[i];
    }
  }

  UniqueFd fd_;
  std::vector<std::array<std::uint8_t, maxDatagram>> datagrams_;
  std::array<sockaddr_storage, batch> peers_;
  std::array<iovec, batch> parts_;
  std::array<mmsghdr, batch> messages_;
};

}  // namespace

int main(int argc, char** argv) {
  const auto address = argc == 2 ? Address::parse(argv[1]) : std::nullopt;
  if (!address) {
    std::fputs("Usage: taut-echo ADDRESS:PORT\n", stderr);
    return 2;
  }
  try {
    Echo(*address).run();
  } catch (const std::system_error& error) {
    std::fprintf(stderr, "taut-echo: %s\n", error.what());
    return 1;
  }
}
