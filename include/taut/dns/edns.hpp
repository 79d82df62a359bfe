// What the OPT pseudo-record of a request said (RFC 6891), parsed once.
//
// Options that taut acts on are kept as values, because a reply is written over the request's own buffer; any other
// option is unknown and ignored (RFC 6891 section 6.1.2) and can be walked while the request's message is intact.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "taut/base/address.hpp"
#include "taut/base/bytes.hpp"

namespace taut {

// Option codes of the IANA registry that taut reads or writes.
enum class EdnsOption : std::uint16_t {
  NSID = 3,           // RFC 5001
  CLIENT_SUBNET = 8,  // RFC 7871
  EXPIRE = 9,         // RFC 7314
  COOKIE = 10,        // RFC 7873
  KEEPALIVE = 11,     // RFC 7828
  PADDING = 12,       // RFC 7830
  EDE = 15,           // RFC 8914
};

// Why an answer is what it is: the info codes of RFC 8914 section 4 and of the IANA registry.
enum class ExtendedErrorCode : std::uint16_t {
  other = 0,
  unsupportedDnskeyAlgorithm = 1,
  unsupportedDsDigestType = 2,
  staleAnswer = 3,
  forgedAnswer = 4,
  dnssecIndeterminate = 5,
  dnssecBogus = 6,
  signatureExpired = 7,
  signatureNotYetValid = 8,
  dnskeyMissing = 9,
  rrsigsMissing = 10,
  noZoneKeyBitSet = 11,
  nsecMissing = 12,
  cachedError = 13,
  notReady = 14,
  blocked = 15,
  censored = 16,
  filtered = 17,
  prohibited = 18,
  staleNxdomainAnswer = 19,
  notAuthoritative = 20,
  notSupported = 21,
  noReachableAuthority = 22,
  networkError = 23,
  invalidData = 24,
  signatureExpiredBeforeValid = 25,
  unsupportedNsec3Iterations = 27,
};

struct ExtendedError {
  static constexpr std::size_t maxText = 128;  // octets

  ExtendedErrorCode code{};
  std::string_view text;  // UTF-8, for people
};

// A COOKIE option: 8 octets from the client, and 8 to 32 from the server or none (RFC 7873 section 4).
struct Cookie {
  std::array<std::uint8_t, 40> octets{};  // the first `size` of them
  std::uint8_t size = 0;                  // 0: the request had no such option

  ByteSpan client() const { return ByteSpan(octets).first(size < 8 ? 0 : 8); }
  ByteSpan server() const { return size > 8 ? ByteSpan(octets).subspan(8, size - 8u) : ByteSpan(); }
};

// A CLIENT_SUBNET option: the network that the client asks for (RFC 7871 section 6).
struct ClientSubnet {
  Address network;  // bits after the prefix and the port are 0; empty, with no bits, where the family is 0
  std::uint8_t sourcePrefix = 0;  // bits: 0, where the client does not say where it is, to 32 or 128

  // Reads the option's data. Nothing where it is malformed: another family than 1 and 2 (0 stands for no network at
  // all, as some clients send it), a longer prefix than the family has, more or fewer octets than the prefix takes, a
  // bit that is set after it, or a scope longer than the family has.
  struct WithScope;
  static std::optional<WithScope> read(ByteSpan data);
  // Writes the option's data, with the scope of a reply, or 0 in a query.
  void write(ByteWriter& writer, std::uint8_t scope) const;
  // How many octets `write` writes.
  std::size_t size() const { return 4u + (sourcePrefix + 7u) / 8u; }

  // The family's longest prefix: 32 or 128; 0 for none.
  std::uint8_t maxPrefix() const { return static_cast<std::uint8_t>(network.bytes().size() * 8); }
  // No longer than so many bits.
  ClientSubnet cutTo(std::uint8_t bits) const;

  friend bool operator==(const ClientSubnet&, const ClientSubnet&) = default;
};

struct ClientSubnet::WithScope {
  ClientSubnet subnet;
  std::uint8_t scopePrefix = 0;
};

struct Edns {
  Edns() noexcept {}  // does not clear first what the members set

  std::uint16_t udpPayloadSize = 512;  // octets, as offered
  std::uint8_t version = 0;
  bool dnssecOk = false;  // the DO bit (RFC 3225)
  bool nsid = false;      // the request carries the option; its data means nothing in a request
  bool keepalive = false;
  bool padding = false;
  bool expire = false;  // likewise
  Cookie cookie;
  std::optional<ClientSubnet> clientSubnet;
  ByteSpan options;  // raw, in the request's message; add up to whole options where the version is 0

  // Reads OPT's fields and options; nothing where the options do not add up to RDLENGTH, a cookie's size is wrong, or a
  // client subnet is malformed or has a scope already (RFC 7871 section 6), which is a FORMERR. The options of an
  // unknown version are left alone: its reply is BADVERS (RFC 6891 section 6.1.3).
  static std::optional<Edns> parse(std::uint16_t payloadSize, std::uint32_t ttl, ByteSpan options);

  // Reads into this object. Where it returns false the fixed fields are valid and no option is.
  bool read(std::uint16_t payloadSize, std::uint32_t ttl, ByteSpan options);
};

}  // namespace taut
