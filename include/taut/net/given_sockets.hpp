// Sockets that were open before this process wanted them: from a service manager (socket activation), or from the
// process that this one takes over from. A listener takes the one that is bound to its address in place of opening
// another one, so that what waits in its queue is answered.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "taut/base/address.hpp"
#include "taut/base/unique_fd.hpp"

namespace taut {

class GivenSockets {
 public:
  enum class Kind : std::uint8_t {
    datagrams,  // a UDP socket
    streams,    // a TCP socket that listens, or is to
    local,      // likewise of a unix socket
  };
  struct Socket {
    UniqueFd fd;
    Kind kind{};
    Address address;   // that it is bound to; empty for a local one
    std::string path;  // of a local one
    std::uint64_t cookie = 0;
  };

  // One that is there already is not added again. False where it is nothing that can be listened on.
  bool add(UniqueFd fd);

  // A socket that is bound to just this, and is given away by that; nothing where there is none.
  UniqueFd takeDatagrams(const Address& address) { return take(Kind::datagrams, address, {}); }
  UniqueFd takeStreams(const Address& address) { return take(Kind::streams, address, {}); }
  UniqueFd takeLocal(std::string_view path) { return take(Kind::local, {}, path); }
  // All that are left.
  std::vector<Socket> takeRest();

  // Of UDP and TCP sockets that are left, each once.
  std::vector<Address> addresses() const;
  std::vector<Address> datagramAddresses() const;
  // The address with the port of a UDP socket of its host, where it has none.
  Address withPort(const Address& address) const;
  std::size_t size() const { return sockets_.size(); }

 private:
  UniqueFd take(Kind kind, const Address& address, std::string_view path);

  std::vector<Socket> sockets_;
};

}  // namespace taut
