#include "taut/dns/edns.hpp"

#include <algorithm>

namespace taut {

namespace {

// RFC 7871 section 6: FAMILY, SOURCE PREFIX-LENGTH and SCOPE PREFIX-LENGTH stand before the address.
constexpr std::size_t fixedSubnetSize = 4;
constexpr std::uint16_t subnetFamilyV4 = 1;
constexpr std::uint16_t subnetFamilyV6 = 2;

// The first octets of the right number; the empty address for another family.
Address addressOf(std::uint16_t family, const std::array<std::uint8_t, 16>& octets) {
  if (family == subnetFamilyV4) return Address::v4({octets[0], octets[1], octets[2], octets[3]});
  return family == subnetFamilyV6 ? Address::v6(octets) : Address();
}

bool validCookieSize(std::size_t size) {
  return size == 8 || (size >= 16 && size <= 40);
}

// In a query the scope is 0.
bool readClientSubnet(ByteSpan data, Edns& edns) {
  const auto option = ClientSubnet::read(data);
  if (!option || option->scopePrefix != 0) return false;
  edns.clientSubnet = option->subnet;
  return true;
}

// Keeps the options that taut acts on. False where the option is malformed.
bool readOption(EdnsOption code, ByteSpan data, Edns& edns) {
  switch (code) {
    case EdnsOption::NSID:
      edns.nsid = true;
      return true;
    case EdnsOption::PADDING:
      edns.padding = true;
      return true;
    case EdnsOption::KEEPALIVE:
      edns.keepalive = true;
      return true;
    case EdnsOption::EXPIRE:
      edns.expire = true;
      return true;
    case EdnsOption::COOKIE:
      if (edns.cookie.size != 0) return true;  // only the first counts (RFC 7873 section 5.2)
      if (!validCookieSize(data.size())) return false;
      std::ranges::copy(data, edns.cookie.octets.begin());
      edns.cookie.size = static_cast<std::uint8_t>(data.size());
      return true;
    case EdnsOption::CLIENT_SUBNET:
      return edns.clientSubnet || readClientSubnet(data, edns);
    default:
      return true;
  }
}

[[gnu::noinline]] bool readOptions(ByteSpan options, Edns& edns) {
  ByteReader reader(options);
  while (reader.remaining() > 0) {
    const auto code = static_cast<EdnsOption>(reader.u16());
    const ByteSpan data = reader.take(reader.u16());
    if (!reader.ok() || !readOption(code, data, edns)) return false;
  }
  return true;
}

// Sets the fixed fields, and no option. One field at a time, because copying an object that was just written is slow.
void setFields(Edns& edns, std::uint16_t payloadSize, std::uint32_t ttl) {
  edns.udpPayloadSize = payloadSize;
  edns.version = static_cast<std::uint8_t>(ttl >> 16);
  edns.dnssecOk = (ttl & 0x8000) != 0;
  edns.nsid = edns.keepalive = edns.padding = edns.expire = false;
  edns.cookie.size = 0;
  edns.clientSubnet.reset();
  edns.options = {};
}

}  // namespace

std::optional<ClientSubnet::WithScope> ClientSubnet::read(ByteSpan data) {
  ByteReader reader(data);
  const std::uint16_t family = reader.u16();
  WithScope option;
  option.subnet.sourcePrefix = reader.u8();
  option.scopePrefix = reader.u8();
  const ByteSpan octets = data.subspan(std::min<std::size_t>(data.size(), fixedSubnetSize));
  if (!reader.ok() || family > subnetFamilyV6) return std::nullopt;
  std::array<std::uint8_t, 16> address{};
  if (data.size() != option.subnet.size() || octets.size() > address.size()) return std::nullopt;
  std::ranges::copy(octets, address.begin());
  option.subnet.network = addressOf(family, address);
  const std::uint8_t longest = option.subnet.maxPrefix();
  if (option.subnet.sourcePrefix > longest || option.scopePrefix > longest) return std::nullopt;
  if (option.subnet.cutTo(option.subnet.sourcePrefix) != option.subnet) return std::nullopt;
  return option;
}

void ClientSubnet::write(ByteWriter& writer, std::uint8_t scope) const {
  const ByteSpan octets = network.bytes();
  writer.u16(octets.empty() ? 0 : octets.size() == 4 ? subnetFamilyV4 : subnetFamilyV6);
  writer.u8(sourcePrefix);
  writer.u8(scope);
  writer.bytes(octets.first((sourcePrefix + 7u) / 8u));
}

ClientSubnet ClientSubnet::cutTo(std::uint8_t bits) const {
  std::array<std::uint8_t, 16> address{};
  const ByteSpan octets = network.bytes();
  std::ranges::copy(octets, address.begin());
  const std::uint8_t kept = std::min(bits, sourcePrefix);
  for (std::size_t i = 0; i < address.size(); ++i) {
    const std::size_t before = std::min<std::size_t>(kept, i * 8);
    const std::size_t here = std::min<std::size_t>(kept - before, 8);
    address[i] = static_cast<std::uint8_t>(address[i] & 0xff00u >> here);
  }
  return {addressOf(octets.empty() ? 0 : octets.size() == 4 ? subnetFamilyV4 : subnetFamilyV6, address), kept};
}

std::optional<Edns> Edns::parse(std::uint16_t payloadSize, std::uint32_t ttl, ByteSpan options) {
  std::optional<Edns> edns(std::in_place);
  if (!edns->read(payloadSize, ttl, options)) edns.reset();
  return edns;
}

bool Edns::read(std::uint16_t payloadSize, std::uint32_t ttl, ByteSpan rawOptions) {
  setFields(*this, payloadSize, ttl);
  options = rawOptions;
  // Most requests have no option.
  if (rawOptions.empty() || version != 0 || readOptions(rawOptions, *this)) return true;
  setFields(*this, payloadSize, ttl);
  return false;
}

}  // namespace taut
