#include "taut/dns/edns.hpp"

#include <algorithm>

namespace taut {

namespace {

// Whether the option is well formed as a request carries it; what taut acts on is noted in `edns`.
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
      return data.empty();
    case EdnsOption::COOKIE:
      if (data.size() != 8 && (data.size() < 16 || data.size() > 40)) return false;
      if (edns.cookie.size != 0) return true;  // only the first counts (RFC 7873 section 5.2)
      std::ranges::copy(data, edns.cookie.octets.begin());
      edns.cookie.size = static_cast<std::uint8_t>(data.size());
      return true;
    default:
      return true;
  }
}

}  // namespace

std::optional<Edns> Edns::parse(std::uint16_t payloadSize, std::uint32_t ttl, ByteSpan options) {
  Edns edns;
  edns.udpPayloadSize = payloadSize;
  edns.version = static_cast<std::uint8_t>(ttl >> 16);
  edns.dnssecOk = (ttl & 0x8000) != 0;
  edns.options = options;
  // The options of a version that is not known are not looked at: the reply will be BADVERS.
  if (edns.version != 0) return edns;
  ByteReader reader(options);
  while (reader.remaining() > 0) {
    const auto code = static_cast<EdnsOption>(reader.u16());
    const ByteSpan data = reader.take(reader.u16());
    if (!reader.ok() || !readOption(code, data, edns)) return std::nullopt;
  }
  return edns;
}

}  // namespace taut
