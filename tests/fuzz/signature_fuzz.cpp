// Keys, signatures and DS records of any octets over an RRset of any octets: what is tried stays within the budget, and
// what verifies does so in any order of the records, and not with another signature.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "fuzz/fuzz.hpp"
#include "taut/dnssec/ds.hpp"
#include "taut/dnssec/zone_keys.hpp"

namespace signature_fuzz {

namespace {

using namespace taut;
using fuzz::require;

// Records as an RRset borrows them.
class Records {
 public:
  void add(ByteSpan rdata) {
    octets_.push_back(static_cast<std::uint8_t>(rdata.size() >> 8));
    octets_.push_back(static_cast<std::uint8_t>(rdata.size()));
    octets_.insert(octets_.end(), rdata.begin(), rdata.end());
    ++count_;
  }

  RRset rrset(NameView owner, Type type) const {
    RRset set;
    set.owner = owner;
    set.type = type;
    set.ttl = 300;
    set.rdata = octets_.data();
    set.count = count_;
    return set;
  }

 private:
  std::vector<std::uint8_t> octets_;
  std::uint16_t count_ = 0;
};

// A number of records, each with its size before it.
std::vector<ByteSpan> takeRecords(fuzz::Input& input) {
  std::vector<ByteSpan> records;
  for (std::size_t left = input.u8(); left > 0 && !input.atEnd(); --left) records.push_back(input.take(input.u16()));
  return records;
}

Records recordsOf(const std::vector<ByteSpan>& list) {
  Records made;
  for (const ByteSpan rdata : list) made.add(rdata);
  return made;
}

void checkBudget(const CryptoBudget& budget) {
  require(budget.left().count() >= 0, "no more time is taken than there is");
  require(budget.failures() <= CryptoBudget::maxFailures, "after the last failure nothing is tried");
}

void checkKeys(NameView zone, const std::vector<ByteSpan>& keys, const std::vector<ByteSpan>& ds) {
  for (const ByteSpan rdata : keys) {
    const auto key = DnskeyView::parse(rdata);
    if (!key) continue;
    const auto made = VerificationKey::make(*key);
    require(!made || made->price().count() > 0, "each verification has a price");
    require(!made || made->keyTag() == key->keyTag(), "a key has the tag of its record");
    for (const ByteSpan other : ds)
      if (const auto view = DsView::parse(other); view && matchesDigest(zone, *key, *view))
        require(view->digest().size() == digestSizeOf(view->digestType()), "a digest that fits is whole");
  }
}

}  // namespace

TAUT_FUZZ_TARGET(signature) {
  fuzz::Input input(data, std::min<std::size_t>(size, 16384));
  const Name zone = input.name();
  const Name owner = input.name();
  const auto type = static_cast<Type>(input.u16());
  const std::uint32_t now = input.u32();
  const std::vector<ByteSpan> keys = takeRecords(input);
  const std::vector<ByteSpan> signatures = takeRecords(input);
  std::vector<ByteSpan> rdata = takeRecords(input);
  const std::vector<ByteSpan> ds = takeRecords(input);
  checkKeys(zone, keys, ds);

  const Records keyRecords = recordsOf(keys);
  const Records signatureRecords = recordsOf(signatures);
  const Records records = recordsOf(rdata);
  const RRset keySet = keyRecords.rrset(zone, Type::DNSKEY);
  const RRset signatureSet = signatureRecords.rrset(owner, Type::RRSIG);
  CryptoBudget budget;
  const KeysVerdict verdict = authenticateKeys(zone, keySet, signatureRecords.rrset(zone, Type::RRSIG),
                                               recordsOf(ds).rrset(zone, Type::DS), {}, now, budget);
  require((verdict.security == KeysVerdict::Security::secure) == verdict.keys.has_value(), "only secure keys are kept");
  checkBudget(budget);

  ZoneKeys trusted(zone, keySet);
  CryptoBudget second;
  const auto verified = verifyRRset(records.rrset(owner, type), signatureSet, trusted, {}, now, second);
  checkBudget(second);
  if (!verified) return 0;
  require(verified->ttl <= 300, "an RRset lives no longer than its TTL");
  std::ranges::reverse(rdata);
  const Records reversed = recordsOf(rdata);
  CryptoBudget third;
  require(verifyRRset(reversed.rrset(owner, type), signatureSet, trusted, {}, now, third).ok(),
          "the order of records does not matter");
  Records changed;
  for (const ByteSpan one : signatures) {
    std::vector<std::uint8_t> copy(one.begin(), one.end());
    if (!copy.empty()) copy.back() ^= 1;
    changed.add(copy);
  }
  CryptoBudget fourth;
  require(!verifyRRset(records.rrset(owner, type), changed.rrset(owner, Type::RRSIG), trusted, {}, now, fourth).ok(),
          "another signature does not verify");
  return 0;
}

}  // namespace signature_fuzz
