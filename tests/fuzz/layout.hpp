// What fuzz targets ask of records that other servers sent.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "taut/base/bytes.hpp"
#include "taut/dns/received_rdata.hpp"
#include "taut/dns/type.hpp"

namespace taut::fuzz {

// Whether RDATA without compressed names has the layout of its type.
inline bool hasLayout(Type type, ByteSpan rdata) {
  std::vector<std::uint8_t> octets(rdata.size());
  ByteWriter out{MutableByteSpan(octets)};
  return expandRdata(type, rdata, 0, rdata.size(), out) && std::ranges::equal(out.written(), rdata);
}

}  // namespace taut::fuzz
