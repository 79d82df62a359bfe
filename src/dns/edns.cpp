#include "taut/dns/edns.hpp"

#include <algorithm>

namespace taut {

namespace {

bool validCookieSize(std::size_t size) {
  return size == 8 || (size >= 16 && size <= 40);
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
    case EdnsOption::COOKIE:
      if (edns.cookie.size != 0) return true;  // only the first counts (RFC 7873 section 5.2)
      if (!validCookieSize(data.size())) return false;
      std::ranges::copy(data, edns.cookie.octets.begin());
      edns.cookie.size = static_cast<std::uint8_t>(data.size());
      return true;
    default:
      return true;
  }
}

bool readOptions(ByteSpan options, Edns& edns) {
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
  edns.nsid = edns.keepalive = edns.padding = false;
  edns.cookie.size = 0;
  edns.options = {};
}

}  // namespace

std::optional<Edns> Edns::parse(std::uint16_t payloadSize, std::uint32_t ttl, ByteSpan options) {
  std::optional<Edns> edns(std::in_place);
  if (!edns->read(payloadSize, ttl, options)) edns.reset();
  return edns;
}

bool Edns::read(std::uint16_t payloadSize, std::uint32_t ttl, ByteSpan rawOptions) {
  setFields(*this, payloadSize, ttl);
  if (version == 0 && !readOptions(rawOptions, *this)) {
    setFields(*this, payloadSize, ttl);
    return false;
  }
  options = rawOptions;
  return true;
}

}  // namespace taut
