// Values as the other servers write them, in the form that taut.toml wants.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "taut/base/address.hpp"

namespace taut::importer {

// The least and the most that a key of taut.toml takes.
struct Range {
  std::int64_t least;
  std::int64_t most;
};

inline constexpr Range threadRange{0, 1024};
inline constexpr Range udpSizeRange{512, 4096};
inline constexpr Range connectionRange{1, 1'000'000};
inline constexpr Range responseRange{1, 1'000'000};
inline constexpr Range allResponsesRange{0, 1'000'000};
inline constexpr Range slipRange{0, 10};
inline constexpr Range windowRange{1, 3600};
inline constexpr Range minTtlRange{0, 3600};           // seconds
inline constexpr Range maxTtlRange{1, 7 * 24 * 3600};  // likewise
inline constexpr Range recursionCacheRange{1 << 20, std::int64_t{1} << 40};
inline constexpr std::size_t maxNegativeTrustAnchors = 1024;
inline constexpr std::size_t maxText = 255;  // octets of an identity or a version

// What a source that caches without a size of its own gets.
inline constexpr std::string_view defaultCacheSize = "64M";

std::optional<std::int64_t> number(std::string_view text);

// yes, no, on, off, true, false.
std::optional<bool> yesOrNo(std::string_view text);

// Octets with a unit: K, M and G, each 1024 of the one before, and B.
std::optional<std::int64_t> sizeOf(std::string_view text);
// In the largest unit that divides it.
std::string sizeText(std::int64_t octets);

// Seconds with or without units, such as `1d12h`: w, d, h, m and s.
std::optional<std::int64_t> secondsOf(std::string_view text);

// Whether a taut.toml takes the text as a domain name: white space needs a backslash in one.
bool isDomainName(std::string_view text);

// ADDRESS/LENGTH without bits behind the prefix, or an address. Reads `10/8` too.
std::optional<std::string> networkOf(std::string_view text);

// The prefix of a NAT64, such as `64:ff9b::/96` (RFC 6052 section 2.2).
std::optional<std::string> nat64PrefixOf(std::string_view text);

// `ADDRESS` or `ADDRESS@PORT` as ADDRESS, with the port where it is not 53. Nothing for a link-local address without
// its interface.
std::optional<std::string> addressOf(std::string_view text, std::uint16_t defaultPort = dnsPort);

}  // namespace taut::importer
