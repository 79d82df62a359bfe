#include "cache_entry.hpp"

#include <algorithm>
#include <cstring>

#include "taut/resolver/dnssec_records.hpp"

namespace taut::detail {

namespace {

constexpr std::size_t allocatorOverhead = 16;
constexpr std::size_t maxRecords = 0xffff;  // of one RRset

std::size_t rdataSize(const RRset& rrset) {
  std::size_t size = 0;
  for (const ByteSpan rdata : rrset) size += rdata.size() + 2;
  return size;
}

bool sameRRset(const Answer::Entry& a, const Answer::Entry& b) {
  return a.section == b.section && a.required == b.required && a.rrset.type == b.rrset.type &&
         a.rrset.rrClass == b.rrset.rrClass && a.rrset.owner == b.rrset.owner;
}

// The index after the RRset that begins at `first`: after all records that follow it and belong to it.
std::size_t endOfRRset(const Answer& answer, std::size_t first) {
  std::size_t records = answer.entry(first).rrset.count;
  std::size_t end = first + 1;
  for (; end < answer.entryCount() && sameRRset(answer.entry(first), answer.entry(end)); ++end) {
    records += answer.entry(end).rrset.count;
    if (records > maxRecords) break;
  }
  return end;
}

struct Extent {
  std::size_t rrsets = 0;
  std::size_t octets = 0;  // of names and RDATA
};

// Owners that equal the one before, or the name asked for, are kept once.
Extent measure(const Answer& answer, NameView asked) {
  Extent extent;
  extent.octets = asked.size();
  NameView before = asked;
  for (std::size_t i = 0; i < answer.entryCount(); ++extent.rrsets) {
    const NameView owner = answer.entry(i).rrset.owner;
    if (owner != before && owner != asked) extent.octets += owner.size();
    before = owner;
    for (const std::size_t end = endOfRRset(answer, i); i < end; ++i) extent.octets += rdataSize(answer.entry(i).rrset);
  }
  return extent;
}

NameView copyName(NameView name, std::uint8_t*& to) {
  std::memcpy(to, name.data(), name.size());
  to += name.size();
  return NameView::trusted(to - name.size(), name.size());
}

}  // namespace

LocalRef<CacheEntry> CacheEntry::make(const CacheKey& key, std::uint64_t hash, bool dnssecOk, const Answer& answer,
                                      TtlLimits limits, const std::optional<ClientSubnet>& network) {
  static_assert(sizeof(CacheEntry) % alignof(Answer::Entry) == 0 && alignof(ClientSubnet) <= alignof(Answer::Entry));
  const Extent extent = measure(answer, key.name);
  const std::size_t networkSize = network ? sizeof(ClientSubnet) : 0;
  const std::size_t more = extent.rrsets * sizeof(Answer::Entry) + networkSize + extent.octets;
  LocalRef<CacheEntry> entry(new (more) CacheEntry(key, hash, dnssecOk, answer));
  entry->bytes_ = sizeof(CacheEntry) + more + allocatorOverhead;
  Answer::Entry* rrset = entry->rrsets();
  auto* octets = reinterpret_cast<std::uint8_t*>(rrset + extent.rrsets);
  if (network) new (octets) ClientSubnet(*network);
  entry->hasNetwork_ = network.has_value();
  octets += networkSize;
  entry->key_.name = copyName(key.name, octets);
  NameView before = entry->key_.name;
  for (std::size_t i = 0; i < answer.entryCount(); ++rrset, ++entry->rrsetCount_) {
    const Answer::Entry& first = answer.entry(i);
    entry->inSectionOrder_ &= i == 0 || answer.entry(i - 1).section <= first.section;
    entry->hasDnssecRecords_ |= isDnssecType(first.rrset.type);
    new (rrset) Answer::Entry(first);
    RRset& kept = rrset->rrset;
    if (first.rrset.owner == entry->key_.name)
      kept.owner = entry->key_.name;
    else
      kept.owner = first.rrset.owner == before ? before : copyName(first.rrset.owner, octets);
    before = kept.owner;
    kept.ttl = limits.of(first.section, first.rrset.type);
    kept.rdata = octets;
    kept.count = 0;
    for (const std::size_t end = endOfRRset(answer, i); i < end; ++i) {
      const RRset& part = answer.entry(i).rrset;
      const std::size_t size = rdataSize(part);
      if (size > 0) std::memcpy(octets, part.rdata, size);
      octets += size;
      kept.count = static_cast<std::uint16_t>(kept.count + part.count);
      kept.ttl = std::min(kept.ttl, part.ttl);
    }
  }
  return entry;
}

Answer CacheEntry::answer(const Query& query, TimePoint now) const {
  const std::size_t limit = query.replyLimit();
  const bool leavesOut = hasDnssecRecords_ && !query.dnssecOk();
  const auto passed = static_cast<std::uint32_t>(age(now));
  Answer answer(rcode_);
  answer.setSource(AnswerSource::Kind::cache);
  answer.setAuthenticData(authenticData_);
  answer.pin(*this);
  if (hasScope_) answer.setClientSubnetScope(scope_);
  if (rcode_ == Rcode::SERVFAIL) answer.setExtendedError(ExtendedErrorCode::cachedError);
  for (std::size_t i = 0; i < rrsetCount_; ++i) {
    if (inSectionOrder_ && answer.exceeds(limit)) break;
    const Answer::Entry& kept = rrsets()[i];
    if (leavesOut && needsDnssecOk(kept, query.type())) continue;
    RRset rrset = kept.rrset;
    rrset.ttl -= std::min(rrset.ttl, passed);
    if (kept.required)
      answer.borrowRRset(kept.section, rrset);
    else
      answer.borrowAdditional(rrset);
  }
  return answer;
}

bool covers(const ClientSubnet& network, const ClientSubnet& asking) {
  if (network.sourcePrefix == 0) return asking == network;
  return asking.sourcePrefix >= network.sourcePrefix && asking.cutTo(network.sourcePrefix) == network;
}

}  // namespace taut::detail
