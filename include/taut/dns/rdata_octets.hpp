// A record that is given as a struct of taut::rdata and a duration, for functions that keep it as octets and seconds.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "taut/base/bytes.hpp"
#include "taut/dns/rrset.hpp"

namespace taut {

// Cut to 0 to `maxTtl`.
constexpr std::uint32_t clampTtl(std::chrono::seconds ttl) {
  return static_cast<std::uint32_t>(std::clamp<std::chrono::seconds::rep>(ttl.count(), 0, maxTtl));
}

// Calls `use` once with the RDATA in uncompressed wire form, which lives for the call. False, and no call, for RDATA
// that has no wire form: a string of over 255 octets, say.
template <class Rdata, class Use>
bool withRdataOctets(const Rdata& rdata, const Use& use) {
  std::array<std::uint8_t, 1024> small;
  std::vector<std::uint8_t> large;
  ByteWriter writer{MutableByteSpan(small)};
  write(rdata, writer);
  if (!writer.ok()) {
    large.resize(maxRdataSize);
    writer = ByteWriter{MutableByteSpan(large)};
    write(rdata, writer);
  }
  if (writer.ok()) use(ByteSpan(writer.written()));
  return writer.ok();
}

}  // namespace taut
