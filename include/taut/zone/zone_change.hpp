// A change of a zone's records: steps that are taken in their order, and count together or not at all.
//
// Whether a change is possible is known when it is applied: see DynamicZone. A step says which records it is about;
// that a record to be added is there already, or one to be removed is not, is no mistake.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "taut/base/bytes.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/rdata_octets.hpp"
#include "taut/dns/rrset.hpp"
#include "taut/dns/type.hpp"

namespace taut {

class ZoneChange {
 public:
  // One record, as Answer::add takes it. Its TTL, cut to 0 to `maxTtl`, is from now on that of the whole RRset (RFC
  // 2181 section 5.2).
  template <class Rdata>
  void add(NameView owner, std::chrono::seconds ttl, const Rdata& rdata);
  // RDATA in wire form with uncompressed names, at most `maxRdataSize` octets.
  void add(NameView owner, Type type, std::uint32_t ttl, ByteSpan rdata);

  // The RRset of the type.
  void remove(NameView owner, Type type);
  // One record. Names in its RDATA are compared without their case.
  template <class Rdata>
  void remove(NameView owner, const Rdata& rdata);
  void remove(NameView owner, Type type, ByteSpan rdata);
  // All records of this name, and none of the names below it.
  void removeName(NameView owner);

  // These records, in place of the RRset of their type.
  template <class Rdata>
  void replace(NameView owner, std::chrono::seconds ttl, std::initializer_list<Rdata> records) {
    replaceAll(owner, ttl, std::span<const Rdata>(records.begin(), records.size()));
  }
  template <class Rdata>
  void replace(NameView owner, std::chrono::seconds ttl, const std::vector<Rdata>& records) {
    replaceAll(owner, ttl, std::span<const Rdata>(records));
  }

  // What no zone can do: RDATA that has no wire form, a string of over 255 octets, say. The first such step counts.
  // Empty where there is none.
  const std::string& error() const { return error_; }

  struct Step {
    enum class Kind : std::uint8_t { add, removeRecord, removeType, removeName };

    Kind kind{};
    Type type{};            // not of removeName
    std::uint32_t ttl = 0;  // of add
    NameView owner;
    ByteSpan rdata;  // of add and removeRecord
  };
  std::size_t size() const { return steps_.size(); }
  // It lives until the next step is added.
  Step step(std::size_t index) const;

 private:
  struct Stored {
    std::size_t at = 0;  // in `octets_`: the owner, and the RDATA after it
    std::uint32_t ttl = 0;
    Type type{};
    std::uint16_t rdataSize = 0;
    std::uint8_t ownerSize = 0;
    Step::Kind kind{};
  };

  template <class Rdata>
  void replaceAll(NameView owner, std::chrono::seconds ttl, std::span<const Rdata> records);
  void store(const Step& step);
  void refuse(NameView owner, Type type);

  std::vector<Stored> steps_;
  std::vector<std::uint8_t> octets_;
  std::string error_;
};

template <class Rdata>
void ZoneChange::add(NameView owner, std::chrono::seconds ttl, const Rdata& rdata) {
  const auto store = [&](ByteSpan octets) { add(owner, Rdata::type, clampTtl(ttl), octets); };
  if (!withRdataOctets(rdata, store)) refuse(owner, Rdata::type);
}

template <class Rdata>
void ZoneChange::remove(NameView owner, const Rdata& rdata) {
  const auto store = [&](ByteSpan octets) { remove(owner, Rdata::type, octets); };
  if (!withRdataOctets(rdata, store)) refuse(owner, Rdata::type);
}

template <class Rdata>
void ZoneChange::replaceAll(NameView owner, std::chrono::seconds ttl, std::span<const Rdata> records) {
  remove(owner, Rdata::type);
  for (const Rdata& rdata : records) add(owner, ttl, rdata);
}

}  // namespace taut
