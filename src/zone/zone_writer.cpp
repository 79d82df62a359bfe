#include "taut/zone/zone_writer.hpp"

#include "canonical_walk.hpp"
#include "taut/base/format.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/dns/rdata_text.hpp"

namespace taut {

namespace {

constexpr std::size_t writeSize = std::size_t{64} << 10;

}  // namespace

void writeRecord(NameView owner, std::uint32_t ttl, Class rrClass, Type type, ByteSpan rdata, fmt::memory_buffer& out,
                 RdataForm form) {
  appendFormat(out, "{} {} {} {} ", owner, ttl, rrClass, type);
  if (form == RdataForm::generic)
    printGenericRdata(rdata, out);
  else
    printRdata(type, rdata, out);
  out.push_back('\n');
}

void writeRRset(const RRset& set, fmt::memory_buffer& out, RdataForm form) {
  for (const ByteSpan rdata : set) writeRecord(set.owner, set.ttl, set.rrClass, set.type, rdata, out, form);
}

void writeZone(const Zone& zone, const std::function<void(std::string_view)>& flush, RdataForm form) {
  fmt::memory_buffer out;
  writeRRset(zone.soa().data, out, form);
  detail::walkCanonically(zone, [&](const RRset& set) {
    if (set.type == Type::SOA) return;
    writeRRset(set, out, form);
    if (out.size() < writeSize) return;
    flush({out.data(), out.size()});
    out.clear();
  });
  flush({out.data(), out.size()});
}

}  // namespace taut
