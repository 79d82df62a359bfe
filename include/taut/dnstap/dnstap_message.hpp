// What one entry of dnstap says: a DNS message that was sent or received, when, and between whom. It is encoded as the
// protocol buffer `Dnstap` of dnstap.proto (https://dnstap.info), with its `Message` inside.
//
// The encoder writes the wire format itself, field by field: a key (the number of the field and how its value is
// written), then a varint, four octets, or a length and octets.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "taut/base/address.hpp"
#include "taut/base/bytes.hpp"
#include "taut/base/clock.hpp"
#include "taut/dns/client.hpp"

namespace taut {

// Message.Type of dnstap.proto, of what a server like this one sees.
enum class DnstapType : std::uint8_t {
  authQuery = 1,  // between a client and this server, which is asked for what it has itself
  authResponse = 2,
  clientQuery = 5,  // the same, where the server is expected to ask others
  clientResponse = 6,
  forwarderQuery = 7,  // between this server and one that it forwards to
  forwarderResponse = 8,
};

// What the configuration calls the type: `auth-query`. Nothing for another text.
std::optional<DnstapType> dnstapTypeOf(std::string_view name);

constexpr bool isResponse(DnstapType type) {
  return static_cast<unsigned>(type) % 2 == 0;
}

struct DnstapMessage {
  DnstapType type;
  Transport transport = Transport::udp;
  // Who sent the query, and whom it was sent to. An empty address is not told.
  Address querier{};
  Address responder{};
  WallTime queryTime{};
  std::optional<WallTime> responseTime{};  // of a response
  ByteSpan octets{};                       // the DNS message
};

// What is the same in all entries, encoded once: who the server is. An empty text is not told.
class DnstapIdentity {
 public:
  DnstapIdentity(std::string_view identity, std::string_view version);
  ByteSpan octets() const { return octets_; }

 private:
  std::vector<std::uint8_t> octets_;
};

// One entry, whose size is known before it is written. The identity and the message's octets outlive it.
class DnstapEntry {
 public:
  DnstapEntry(const DnstapIdentity& identity, const DnstapMessage& message);

  std::size_t size() const { return size_; }
  // The span has `size()` octets.
  void write(MutableByteSpan into) const;

 private:
  static constexpr std::size_t maxHead = 96;  // octets: all fields of a Message but the DNS message

  ByteSpan identity_;
  ByteSpan message_;
  std::array<std::uint8_t, maxHead> head_;
  std::size_t headSize_;
  std::size_t innerSize_;
  std::size_t size_;
};

}  // namespace taut
