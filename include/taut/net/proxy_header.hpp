// The header of the PROXY protocol, version 2, by which a balancer says for which client it speaks: before the message
// in each datagram, and once at the beginning of a connection.
//
// What it holds is the client's address and the one that the client spoke to. A balancer that speaks for itself, as its
// health checks do, says so (the command LOCAL). What follows the addresses (TLVs) is passed over.
#pragma once

#include <cstddef>
#include <optional>

#include "taut/base/address.hpp"
#include "taut/base/bytes.hpp"

namespace taut {

class ProxyHeader {
 public:
  static constexpr std::size_t fixedSize = 16;  // octets: what each header begins with, its length among them
  static constexpr std::size_t maxSize = 512;   // octets: a longer one is none

  // How long the header is whose first `fixedSize` octets these are; nothing where no header begins so, nor is there
  // one in fewer octets.
  static std::optional<std::size_t> sizeOf(ByteSpan begin) noexcept;

  // The header that the octets begin with; nothing where it is not whole, is of version 1, or is about clients with
  // neither IPv4 nor IPv6 addresses.
  static std::optional<ProxyHeader> read(ByteSpan octets) noexcept;

  std::size_t size() const noexcept { return size_; }
  // For whom the peer speaks: for itself, where the header is a LOCAL one.
  const Address& clientOf(const Address& peer) const noexcept { return client_.empty() ? peer : client_; }
  // The address that the client spoke to; empty where the peer speaks for itself.
  const Address& destination() const noexcept { return destination_; }

 private:
  ProxyHeader(std::size_t size, const Address& client, const Address& destination) noexcept
      : size_(size), client_(client), destination_(destination) {}

  std::size_t size_;
  Address client_;  // empty: the peer itself
  Address destination_;
};

}  // namespace taut
