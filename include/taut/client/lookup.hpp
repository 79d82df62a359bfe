// What a lookup found: records of one type, or the reason why there are none. A value; data from the network never
// throws.
//
//   const auto found = co_await client.lookupMailExchange("example.com");
//   if (!found) log::info("{}", found.reason());       // example.com. MX: there is no such name
//   for (const rdata::MX& mx : found) deliver(mx.exchange);
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "taut/base/bytes.hpp"
#include "taut/dns/edns.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/rrset.hpp"
#include "taut/dns/type.hpp"

namespace taut {

enum class LookupStatus : std::uint8_t {
  found,
  badName,         // the text is no name
  nameError,       // there is no such name (NXDOMAIN)
  noData,          // the name has no records of the type
  failed,          // any other RCODE, or a resolver that has no answer (REFUSED)
  noReply,         // no server answered in time, or none could be reached
  endlessAliases,  // a loop of CNAME or DNAME records, or more than `maxLookupAliases`
  stopped,         // the client was closed, or the stop token of the awaiting task stopped
};

// CNAME and DNAME records that a lookup follows, in one answer or by further questions.
inline constexpr std::size_t maxLookupAliases = 16;

// All that is told beside the records.
struct LookupOutcome {
  LookupOutcome() = default;
  LookupOutcome(NameView asked, Type askedType) : name(asked), type(askedType) {}

  LookupStatus status = LookupStatus::failed;
  Rcode rcode = Rcode::NOERROR;
  // The owner of the records: the name that was asked for, completed by the search list, or the last one that its
  // aliases lead to. Where nothing was found, the name that the search ended at.
  Name name;
  Type type{};
  std::vector<Name> aliases;         // the names that lead to `name`, the one that was asked for first
  std::chrono::seconds ttl{maxTtl};  // of what was found: the smallest of records and aliases
  std::optional<NameError> bad;      // with `badName`
  // Why the server failed, or changed the answer, where it tells (RFC 8914).
  std::optional<ExtendedErrorCode> extendedError;
  std::string extendedErrorText;

  bool ok() const { return status == LookupStatus::found; }
  explicit operator bool() const { return ok(); }

  // For people, without a final dot: `www.example.com. A: there is no such name`.
  std::string reason() const;
};

// One record as it was received, for lookups whose type is not known at compile time.
struct LookupRecord {
  LookupRecord() = default;
  LookupRecord(NameView recordOwner, Type recordType, std::uint32_t recordTtl, ByteSpan octets)
      : owner(recordOwner), type(recordType), ttl(recordTtl), rdata(octets.begin(), octets.end()) {}

  Name owner;
  Type type{};
  std::uint32_t ttl = 0;            // seconds
  std::vector<std::uint8_t> rdata;  // wire form, uncompressed

  std::string toString() const;  // as in a master file: `www.example.com. 300 A 192.0.2.1`
};

// `Record` is a struct of `taut::rdata`, an `Address`, or a `LookupRecord`. There is at least one where ok().
template <class Record>
struct Lookup : LookupOutcome {
  Lookup() = default;
  explicit Lookup(LookupOutcome outcome) : LookupOutcome(std::move(outcome)) {}

  std::vector<Record> records;

  auto begin() const { return records.begin(); }
  auto end() const { return records.end(); }
  bool empty() const { return records.empty(); }
  std::size_t size() const { return records.size(); }
  const Record& front() const { return records.front(); }  // where ok()
};

}  // namespace taut
