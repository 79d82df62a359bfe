#include "taut/base/address.hpp"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "taut/base/parse_number.hpp"

namespace taut {

namespace {

std::optional<std::uint32_t> parseScope(std::string_view text) {
  if (const auto number = parseNumber<std::uint32_t>(text)) return number;
  const std::string name(text);
  const unsigned index = ::if_nametoindex(name.c_str());
  if (index == 0) return std::nullopt;
  return index;
}

// The C library's parsers need a terminator, which a string_view does not have.
template <std::size_t size>
bool parseBytes(int family, std::string_view text, std::array<std::uint8_t, size>& bytes) {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.size() >= terminated.size() || text.find('\0') != text.npos) return false;
  std::copy(text.begin(), text.end(), terminated.begin());
  return ::inet_pton(family, terminated.data(), bytes.data()) == 1;
}

std::optional<Address> parseV4(std::string_view host, std::uint16_t port) {
  std::array<std::uint8_t, 4> bytes{};
  if (!parseBytes(AF_INET, host, bytes)) return std::nullopt;
  return Address::v4(bytes, port);
}

std::optional<Address> parseV6(std::string_view host, std::uint16_t port) {
  std::uint32_t scope = 0;
  if (const auto percent = host.find('%'); percent != host.npos) {
    const auto parsed = parseScope(host.substr(percent + 1));
    if (!parsed) return std::nullopt;
    scope = *parsed;
    host = host.substr(0, percent);
  }
  std::array<std::uint8_t, 16> bytes{};
  if (!parseBytes(AF_INET6, host, bytes)) return std::nullopt;
  return Address::v6(bytes, port, scope);
}

std::optional<Address> parseBracketed(std::string_view text, std::uint16_t defaultPort) {
  const auto close = text.find(']');
  if (close == text.npos) return std::nullopt;
  const auto host = text.substr(1, close - 1);
  const auto rest = text.substr(close + 1);
  if (rest.empty()) return parseV6(host, defaultPort);
  if (rest.front() != ':') return std::nullopt;
  const auto port = parseNumber<std::uint16_t>(rest.substr(1));
  return port ? parseV6(host, *port) : std::nullopt;
}

}  // namespace

std::optional<Address> Address::parse(std::string_view text, std::uint16_t defaultPort) {
  if (!text.empty() && text.front() == '[') return parseBracketed(text, defaultPort);
  const auto colon = text.find(':');
  if (colon == text.npos) return parseV4(text, defaultPort);
  if (text.find(':', colon + 1) != text.npos) return parseV6(text, defaultPort);
  const auto port = parseNumber<std::uint16_t>(text.substr(colon + 1));
  return port ? parseV4(text.substr(0, colon), *port) : std::nullopt;
}

Address Address::fromSockaddr(const void* sockaddr, std::size_t length) noexcept {
  sa_family_t family = AF_UNSPEC;
  if (length < sizeof family) return {};
  std::memcpy(&family, sockaddr, sizeof family);
  Address address;
  if (family == AF_INET && length >= sizeof(sockaddr_in)) {
    sockaddr_in in;
    std::memcpy(&in, sockaddr, sizeof in);
    std::memcpy(address.bytes_.data(), &in.sin_addr, 4);
    address.port_ = ntohs(in.sin_port);
    address.size_ = 4;
  } else if (family == AF_INET6 && length >= sizeof(sockaddr_in6)) {
    sockaddr_in6 in;
    std::memcpy(&in, sockaddr, sizeof in);
    std::memcpy(address.bytes_.data(), &in.sin6_addr, 16);
    address.port_ = ntohs(in.sin6_port);
    address.scope_ = in.sin6_scope_id;
    address.size_ = 16;
  }
  return address;
}

socklen_t Address::toSockaddr(sockaddr_storage& storage) const noexcept {
  if (isV4()) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port_);
    std::memcpy(&in.sin_addr, bytes_.data(), 4);
    std::memcpy(&storage, &in, sizeof in);
    return sizeof in;
  }
  if (isV6()) {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(port_);
    in.sin6_scope_id = scope_;
    std::memcpy(&in.sin6_addr, bytes_.data(), 16);
    std::memcpy(&storage, &in, sizeof in);
    return sizeof in;
  }
  return 0;
}

bool Address::isWildcard() const noexcept {
  const auto address = bytes();
  return !empty() && std::all_of(address.begin(), address.end(), [](std::uint8_t byte) { return byte == 0; });
}

bool Address::isLoopback() const noexcept {
  return isV4() ? bytes_[0] == 127 : isV6() && bytes_ == loopbackV6().bytes_;
}

bool Address::isLinkLocal() const noexcept {
  if (isV4()) return bytes_[0] == 169 && bytes_[1] == 254;
  return isV6() && bytes_[0] == 0xFE && (bytes_[1] & 0xC0) == 0x80;
}

int Address::family() const noexcept {
  if (isV4()) return AF_INET;
  return isV6() ? AF_INET6 : AF_UNSPEC;
}

bool Address::overlaps(const Address& other) const noexcept {
  if (port_ != other.port_ || port_ == 0 || size_ != other.size_) return false;
  return sameHost(other) || isWildcard() || other.isWildcard();
}

std::string Address::hostText() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (empty() || ::inet_ntop(family(), bytes_.data(), text.data(), text.size()) == nullptr) return "(no address)";
  std::string host(text.data());
  if (scope_ == 0) return host;
  std::array<char, IF_NAMESIZE> name{};
  const bool named = ::if_indextoname(scope_, name.data()) != nullptr;
  return host + '%' + (named ? std::string(name.data()) : std::to_string(scope_));
}

std::string Address::toText() const {
  if (port_ == 0 || empty()) return hostText();
  const auto host = hostText();
  return isV6() ? '[' + host + "]:" + std::to_string(port_) : host + ':' + std::to_string(port_);
}

std::size_t Address::hash() const noexcept {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  std::memcpy(&high, bytes_.data(), 8);
  std::memcpy(&low, bytes_.data() + 8, 8);
  std::uint64_t mixed = high * 0x9E3779B97F4A7C15U;
  mixed ^= mixed >> 32;
  mixed = (mixed ^ low ^ (std::uint64_t{port_} << 48) ^ (std::uint64_t{scope_} << 8) ^ size_) * 0xD6E8FEB86659FD93U;
  return static_cast<std::size_t>(mixed ^ (mixed >> 32));
}

}  // namespace taut

fmt::appender fmt::formatter<taut::Address>::format(const taut::Address& address, fmt::format_context& context) const {
  const std::string text = hostOnly ? address.hostText() : address.toText();
  return std::copy(text.begin(), text.end(), context.out());
}
