// The parameters of SVCB and HTTPS (RFC 9460): what each key's value looks like on the wire and in text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "taut/base/bytes.hpp"
#include "taut/dns/rdata/codec.hpp"

namespace taut {

namespace svcKey {
inline constexpr std::uint16_t mandatory = 0;
inline constexpr std::uint16_t alpn = 1;
inline constexpr std::uint16_t noDefaultAlpn = 2;
inline constexpr std::uint16_t port = 3;
inline constexpr std::uint16_t ipv4hint = 4;
inline constexpr std::uint16_t ech = 5;
inline constexpr std::uint16_t ipv6hint = 6;
inline constexpr std::uint16_t dohpath = 7;             // RFC 9461
inline constexpr std::uint16_t ohttp = 8;               // RFC 9540
inline constexpr std::uint16_t tlsSupportedGroups = 9;  // draft-ietf-tls-key-share-prediction
inline constexpr std::uint16_t docpath = 10;            // draft-ietf-core-dns-over-coap
inline constexpr std::uint16_t invalid = 65535;
}  // namespace svcKey

// Whether a value has the wire form of its key; any value will do for keys that are not known.
bool validSvcValue(std::uint16_t key, ByteSpan value);

// One word `key` or `key=value` of the text form into `params`. Says what is wrong, if anything.
std::optional<std::string> readSvcParam(std::string_view word, rdata::SvcParams& params);

// What text must not say though the wire may: keys called mandatory that are missing, no-default-alpn without alpn
// (RFC 9460 section 2.4.3). Null where nothing is wrong.
const char* svcInconsistency(const rdata::SvcParams& params);

// One parameter in text form.
void printSvcParam(std::uint16_t key, ByteSpan value, fmt::memory_buffer& out);

}  // namespace taut
