// NSEC and NSEC3 records of any octets: they are judged within the budget, alike for each case of a name, and no record
// denies the apex, and no NSEC record its own owner, what it leads to, or a type that it has.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "fuzz/fuzz.hpp"
#include "taut/dns/rdata/security.hpp"
#include "taut/dnssec/denial_records.hpp"

namespace denial_fuzz {

namespace {

using namespace taut;
using fuzz::require;

struct Record {
  Name owner;
  Type type{};
  std::vector<std::uint8_t> octets;  // with their size before them

  RRset rrset() const {
    RRset set;
    set.owner = owner;
    set.type = type;
    set.ttl = 300;
    set.rdata = octets.data();
    set.count = 1;
    return set;
  }
};

Record takeRecord(fuzz::Input& input) {
  Record record;
  record.owner = input.name();
  record.type = (input.u8() & 1) != 0 ? Type::NSEC3 : Type::NSEC;
  const ByteSpan rdata = input.take(input.u16());
  record.octets = {static_cast<std::uint8_t>(rdata.size() >> 8), static_cast<std::uint8_t>(rdata.size())};
  record.octets.insert(record.octets.end(), rdata.begin(), rdata.end());
  return record;
}

Name otherCase(const Name& name) {
  std::array<std::uint8_t, maxNameSize> octets{};
  std::ranges::transform(name.wire(), octets.begin(), [](std::uint8_t octet) {
    const bool isLower = octet >= 'a' && octet <= 'z';
    return static_cast<std::uint8_t>(isLower ? octet - 0x20 : octet);
  });
  return NameView::trusted(octets.data(), name.size());
}

bool provesNameError(const DenialRecords& denial, NameView name) {
  CryptoBudget budget;
  const DenialProof proof = denial.nameError(name, budget);
  require(budget.nsec3BlocksLeft() <= CryptoBudget::maxNsec3Blocks, "no more is hashed than may be");
  return proof == DenialProof::proven;
}

void checkAlone(const Record& record, NameView zone) {
  DenialRecords denial(zone);
  if (!denial.add(record.rrset(), {})) return;
  require(!provesNameError(denial, zone), "no record denies the apex");
  // Owners of NSEC3 records are denied by other ones, or where there is no other, by their own (RFC 5155
  // section 7.2.8).
  if (record.type != Type::NSEC) return;
  require(!provesNameError(denial, record.owner), "no record denies its owner");
  const NameView next = *NameView::fromWire(record.rrset().front());
  require(next.isWithin(zone), "no record leads out of the zone");
  require(!provesNameError(denial, next), "no record denies the name that it leads to");
  CryptoBudget budget;
  const ByteSpan types = record.rrset().front().subspan(next.size());
  std::vector<Type> some = rdata::TypeBitmap(types).types();
  some.resize(std::min<std::size_t>(some.size(), 32));  // more would take seconds of a record
  for (const Type type : some)
    require(denial.noData(record.owner, type, budget) != DenialProof::proven, "no record denies a type that it has");
}

}  // namespace

TAUT_FUZZ_TARGET(denial) {
  fuzz::Input input(data, std::min<std::size_t>(size, 8192));
  const Name zone = input.name();
  const Name name = input.name();
  const auto type = static_cast<Type>(input.u16());
  const std::size_t labels = input.u8();
  std::vector<Record> records;
  while (!input.atEnd() && records.size() < 2 * maxDenialRecords) records.push_back(takeRecord(input));
  DenialRecords denial(zone);
  for (const Record& record : records) {
    denial.add(record.rrset(), {});
    checkAlone(record, zone);
  }
  const Name other = otherCase(name);
  CryptoBudget budget;
  CryptoBudget second;
  require(denial.nameError(name, budget) == denial.nameError(other, second), "case does not matter in a name error");
  require(denial.noData(name, type, budget) == denial.noData(other, type, second), "case does not matter without data");
  require(denial.wildcardAnswer(name, labels, budget) == denial.wildcardAnswer(other, labels, second),
          "case does not matter at a wildcard");
  require(denial.delegation(name, budget) == denial.delegation(other, second), "case does not matter at a cut");
  if (name.isWithin(zone)) return 0;
  require(denial.nameError(name, budget) == DenialProof::missing, "names of other zones are not denied");
  require(denial.noData(name, type, budget) == DenialProof::missing, "nor are their types");
  return 0;
}

}  // namespace denial_fuzz
