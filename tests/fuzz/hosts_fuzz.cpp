// Any text is a hosts file. What it gives is well formed, bounded, and agrees with itself: the name of an address has
// addresses.
#include <algorithm>
#include <chrono>
#include <optional>
#include <string_view>

#include "fuzz/fuzz.hpp"
#include "taut/resolver/hosts_table.hpp"

namespace hosts_fuzz {

namespace {

using namespace taut;
using fuzz::require;

void checkRecords(const RRset& rrset, std::size_t size) {
  std::size_t records = 0;
  for (const ByteSpan rdata : rrset) {
    require(rdata.size() == size, "an address has the size of its family");
    ++records;
  }
  require(records == rrset.count && records <= HostsTable::maxAddresses, "a name has a bounded number of addresses");
}

void checkHost(const HostsTable& table, const HostsTable::Host& host) {
  checkRecords(host.a, 4);
  checkRecords(host.aaaa, 16);
  if (host.ptr.count == 0) return;
  const auto name = NameView::fromWire(host.ptr.front());
  require(name.has_value(), "PTR holds a name");
  const auto named = table.find(*name);
  require(named && named->a.count + named->aaaa.count > 0, "the name of an address has an address");
}

}  // namespace

TAUT_FUZZ_TARGET(hosts) {
  const std::string_view text = asText({data, size});
  const auto table = HostsTable::parse(text, std::chrono::hours(1));
  std::size_t start = 0;
  while (start < text.size()) {
    const std::size_t end = std::min(text.find_first_of(" \t\r\n#", start), text.size());
    if (const auto name = Name::parse(text.substr(start, end - start)))
      if (const auto host = table->find(*name)) checkHost(*table, *host);
    start = end + 1;
  }
  return 0;
}

}  // namespace hosts_fuzz
