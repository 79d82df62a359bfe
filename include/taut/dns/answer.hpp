// The result of a resolver: an RCODE and up to three sections of RRsets. A value; the server turns it into the reply.
//
// An answer keeps copies of its own, or borrows RRsets from storage that it pins (a zone, a cache entry). Its
// memory comes from the LocalPool, so an answer of ordinary size costs no heap allocation. It belongs to the thread of
// the query. An answer that was moved from reads as an empty SERVFAIL; to change or to send it throws std::logic_error.
//
// The order of records within a section is the order in which they were added. Records added one after the other with
// the same owner, type and class form one RRset, which a reply carries whole or not at all.
//
// Additional data need not be looked up before a reply has room for it: then an `AdditionalSource` gives it.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "taut/base/address.hpp"
#include "taut/base/bytes.hpp"
#include "taut/base/local_pool.hpp"
#include "taut/base/local_ref.hpp"
#include "taut/dns/answer_source.hpp"
#include "taut/dns/edns.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/rdata_octets.hpp"
#include "taut/dns/rrset.hpp"
#include "taut/dns/type.hpp"

namespace taut {

namespace rdata {
struct SOA;
}  // namespace rdata

// Base of storage that answers borrow from: one reference per answer, counted without atomics on the shard's thread.
class PinnedStorage : public LocalCounted {
 public:
  virtual ~PinnedStorage() = default;
};

// Takes additional data: one RRset after the other, each with the RRSIGs that cover it.
class AdditionalSink {
 public:
  // A `required` RRset is glue (RFC 9471). `signatures` has a count of 0 where there are none. False: no more is
  // wanted.
  virtual bool take(const RRset& rrset, const RRset& signatures, bool required) = 0;

 protected:
  ~AdditionalSink() = default;
};

// Additional data that is looked up only while a reply has room for it. What it gives lives as long as the storage that
// the answer has pinned. The answer keeps a copy of the source, which is never destroyed: a source holds handles and
// views alone.
class AdditionalSource {
 public:
  // Gives each RRset to the sink, required ones first, until the sink wants no more.
  virtual void draw(AdditionalSink& sink) const = 0;

 protected:
  ~AdditionalSource() = default;
};

class Answer {
 public:
  struct Entry {
    RRset rrset;
    Section section{};
    bool required = true;  // a reply without room for it sets TC; what is not required is left out silently
  };

  explicit Answer(Rcode rcode = Rcode::NOERROR);
  Answer(Answer&& other) noexcept : body_(std::exchange(other.body_, &movedFrom_)) {}
  Answer& operator=(Answer&& other) noexcept {
    std::swap(body_, other.body_);
    return *this;
  }
  ~Answer() {
    if (!isMovedFrom()) release(body_);
  }

  bool isMovedFrom() const { return body_ == &movedFrom_; }

  static Answer formatError() { return Answer(Rcode::FORMERR); }
  static Answer serverFailure() { return Answer(Rcode::SERVFAIL); }
  static Answer nameError() { return Answer(Rcode::NXDOMAIN); }
  static Answer notImplemented() { return Answer(Rcode::NOTIMP); }
  static Answer refused() { return Answer(Rcode::REFUSED); }

  // From the authority for `zone`: the name has no data of the type, or there is no such name. The SOA record in the
  // authority section lets clients keep that for as long as its TTL, which is the smaller of `ttl`, that of the zone's
  // SOA record, and of its MINIMUM (RFC 2308 section 3).
  static Answer noData(NameView zone, std::chrono::seconds ttl, const rdata::SOA& soa);
  static Answer nameError(NameView zone, std::chrono::seconds ttl, const rdata::SOA& soa);

  // No reply is to be sent: the query stays unanswered, or its messages were written already.
  static Answer noReply() {
    Answer answer;
    answer.body_->noReply = true;
    return answer;
  }
  bool isNoReply() const { return body_->noReply; }

  Rcode rcode() const { return body_->rcode; }
  void setRcode(Rcode rcode) { changeable().rcode = rcode; }
  bool authoritative() const { return body_->authoritative; }  // the AA bit
  void setAuthoritative(bool authoritative) { changeable().authoritative = authoritative; }
  bool authenticData() const { return body_->authenticData; }  // the AD bit (RFC 4035 section 3.1.6)
  void setAuthenticData(bool authenticData) { changeable().authenticData = authenticData; }

  // Whether the reply carries no record at all, only TC, so that the client asks again over TCP.
  bool truncated() const { return body_->truncated; }
  void setTruncated(bool truncated) { changeable().truncated = truncated; }

  // Whether the answer holds for this query only, and must not be kept: the answer of a resolver that is overloaded.
  bool transient() const { return body_->transient; }
  void setTransient(bool transient) { changeable().transient = transient; }

  // The wildcard that the first records were made from (RFC 4592 section 3.3.1), the root where there was none. It
  // lives as long as something pinned, kept or static.
  NameView sourceOfSynthesis() const { return body_->sourceOfSynthesis; }
  void setSourceOfSynthesis(NameView wildcard) { changeable().sourceOfSynthesis = wildcard; }

  // Who gave the answer. What passes an answer on leaves it alone; what makes another of it says so itself.
  AnswerSource source() const;
  void setSource(const AnswerSource& source);

  // Tells clients that know EDNS the reason (RFC 8914) of an error, or of an answer that was changed. The text is
  // copied, and cut to `ExtendedError::maxText`.
  void setExtendedError(ExtendedErrorCode code, std::string_view text = {});
  const ExtendedError* extendedError() const { return body_->hasExtendedError ? &body_->extendedError : nullptr; }

  // The answer holds for the network of the client alone (RFC 7871 section 7.2.1): that of the query's client subnet,
  // or of the client's address where it sent none, cut to so many bits; 0: for all networks. A resolver that looks at
  // the client's network says it of each answer, of errors too. The reply then carries the client's option with this
  // scope where the client sent one, and a cache keeps the answer for that network. More bits than the family has are
  // cut to those. Without a call the reply has no such option, as that of a server that does not know it.
  void setClientSubnetScope(std::uint8_t bits) {
    changeable().clientSubnetScope = bits;
    body_->hasClientSubnetScope = body_->hasOptions = true;
  }
  std::optional<std::uint8_t> clientSubnetScope() const {
    return body_->hasClientSubnetScope ? std::optional(body_->clientSubnetScope) : std::nullopt;
  }

  // Puts an option into the reply's OPT, after those that were added before, where the client sent OPT; else the reply
  // has none of them. The octets are copied. False, and nothing added, where the options would be more than
  // `maxOptions` octets, their codes and lengths (4 octets each) included, and for an option that the server writes
  // itself: NSID, CLIENT_SUBNET, EXPIRE, COOKIE, KEEPALIVE and EDE. Options go before records, which are left out for
  // them where the reply has a limit. They are of this reply alone: a cache does not keep them.
  static constexpr std::size_t maxOptions = 512;
  bool addOption(EdnsOption code, ByteSpan octets);
  // Those that were added, encoded.
  ByteSpan options() const { return {body_->options, body_->optionsSize}; }
  // Whether the reply's OPT has to say anything that only this answer knows.
  bool hasOptions() const { return body_->hasOptions; }

  // One record into the answer section (or another), copied: what handlers call. `ttl` is cut to 0 to `maxTtl`. False,
  // and nothing added, for RDATA that has no wire form: a string of over 255 octets, say.
  template <class Rdata>
  bool add(NameView owner, std::chrono::seconds ttl, const Rdata& rdata, Section section = Section::answer);

  // One record with RDATA in uncompressed wire form, at most `maxRdataSize` octets, copied. `ttl` is cut to `maxTtl`.
  void addRecord(Section section, NameView owner, Type type, Class rrClass, std::uint32_t ttl, ByteSpan rdata);

  // All records of an RRset, copied. It may be one of this answer.
  void addRRset(Section section, const RRset& rrset);

  // An RRset that is borrowed, for what answers from storage of its own: its owner and RDATA live as long as something
  // pinned, kept or static, and are not in the query's message, which the reply is written over.
  void borrowRRset(Section section, const RRset& rrset);

  // Borrow for the additional section. Addresses that a referral cannot do without are `glue` (RFC 9471): without room
  // for them the reply is truncated. Other additional data is left out where there is no room.
  void borrowGlue(const RRset& rrset);
  void borrowAdditional(const RRset& rrset);

  // The source of more additional data, after the data that was added. An answer has one source; the last one counts.
  template <class Source>
  void setAdditionalSource(const Source& source);

  // Gives the sink the data of the source.
  void drawAdditional(AdditionalSink& sink) const {
    if (body_->additional) body_->additional->draw(sink);
  }

  NameView keep(NameView name);            // a copy that lives as long as this answer
  void pin(const PinnedStorage& storage);  // keeps borrowed storage alive as long as this answer

  // RRsets that were added, without those that the source would give.
  std::size_t entryCount() const { return body_->count; }
  std::size_t entryCount(Section section) const { return body_->sectionCounts[static_cast<std::size_t>(section)]; }
  const Entry& entry(std::size_t index) const { return body_->entry(index); }
  void setTtl(std::size_t index, std::uint32_t ttl) { changeable().entry(index).rrset.ttl = ttl; }

  // Removes the added RRsets whose entries the predicate is true for.
  template <class Predicate>
  void removeIf(Predicate&& predicate);

  // Whether the added records may be more than a reply of so many octets holds: then it is useless to add more.
  bool exceeds(std::size_t octets) const { return body_->records * leastRecordSize > octets; }

  // Records added and given by the source.
  std::size_t recordCount(Section section) const;
  std::size_t recordCount() const;

  // Visits each RRset of the section, those that the source gives included.
  template <class Visitor>
  void forEach(Section section, Visitor&& visit) const;

 private:
  static constexpr std::size_t inlineEntries = 16;
  static constexpr std::size_t inlineArena = 512;
  static constexpr std::size_t inlinePins = 4;
  static constexpr std::size_t sourceSize = 48;  // octets that a source may have

  // What an answer of unusual size has besides.
  struct Overflow : LocallyPooled {
    std::vector<Entry, LocalAllocator<Entry>> entries;
    std::vector<LocalRef<const PinnedStorage>, LocalAllocator<LocalRef<const PinnedStorage>>> pins;
    std::vector<std::unique_ptr<std::uint8_t[]>> blocks;
  };

  struct Body : LocallyPooled {
    // What is large stays as it is: the entries are made as they are added.
    explicit Body(Rcode code) noexcept : rcode(code) { arena = inlineBytes.data(); }

    Rcode rcode;
    bool authoritative = false;
    bool authenticData = false;
    bool truncated = false;
    bool noReply = false;
    bool transient = false;
    bool hasOptions = false;  // one of these
    bool hasExtendedError = false;
    bool hasClientSubnetScope = false;
    std::uint8_t clientSubnetScope = 0;
    AnswerSource::Kind source = AnswerSource::Kind::handler;
    std::uint16_t optionsSize = 0;
    std::uint32_t count = 0;
    std::array<std::uint32_t, 3> sectionCounts{};
    std::uint32_t pinCount = 0;
    std::size_t records = 0;
    std::size_t arenaUsed = 0;  // of the newest block, or of inlineBytes where there is none
    std::size_t arenaSize = inlineArena;
    std::uint8_t* arena;
    const AdditionalSource* additional = nullptr;  // in `sourceMemory`
    std::unique_ptr<Overflow> overflow;
    NameView sourceOfSynthesis;
    union {  // as the source says
      NameView sourceZone;
      Address sourceServer;
    };
    ExtendedError extendedError;
    const std::uint8_t* options = nullptr;
    std::array<LocalRef<const PinnedStorage>, inlinePins> pins;
    union {
      std::array<Entry, inlineEntries> entries;
    };
    alignas(void*) std::array<std::byte, sourceSize> sourceMemory;
    std::array<std::uint8_t, inlineArena> inlineBytes;

    Entry& entry(std::size_t index) {
      return index < inlineEntries ? entries[index] : overflow->entries[index - inlineEntries];
    }
    Overflow& more() {
      if (!overflow) overflow = std::make_unique<Overflow>();
      return *overflow;
    }
  };
  Body& changeable() {
    if (isMovedFrom()) [[unlikely]]
      throwMovedFrom();
    return *body_;
  }
  [[noreturn]] static void throwMovedFrom();
  static void release(Body* body);
  void append(Section section, const RRset& rrset, bool required);
  std::uint8_t* allocate(std::size_t size);

  static Body movedFrom_;  // of all answers that were moved from; never changed, so that threads share it

  Body* body_;
};

// Field by field, of which few are known only when the answer is made.
inline void Answer::setSource(const AnswerSource& source) {
  Body& body = changeable();
  body.source = source.kind();
  if (const auto zone = source.zone()) body.sourceZone = *zone;
  if (source.kind() == AnswerSource::Kind::forwarder) body.sourceServer = source.server();
}

inline AnswerSource Answer::source() const {
  if (body_->source == AnswerSource::Kind::zone) return AnswerSource::zone(body_->sourceZone);
  if (body_->source == AnswerSource::Kind::forwarder) return AnswerSource::forwarder(body_->sourceServer);
  return body_->source;
}

template <class Rdata>
bool Answer::add(NameView owner, std::chrono::seconds ttl, const Rdata& rdata, Section section) {
  return withRdataOctets(
      rdata, [&](ByteSpan octets) { addRecord(section, owner, Rdata::type, Class::IN, clampTtl(ttl), octets); });
}

template <class Predicate>
void Answer::removeIf(Predicate&& predicate) {
  const std::uint32_t before = body_->count;
  body_->count = 0;
  body_->records = 0;
  body_->sectionCounts = {};
  for (std::uint32_t i = 0; i < before; ++i) {
    const Entry entry = body_->entry(i);
    if (predicate(entry)) continue;
    body_->records += entry.rrset.count;
    ++body_->sectionCounts[static_cast<std::size_t>(entry.section)];
    body_->entry(body_->count++) = entry;
  }
  if (body_->overflow) body_->overflow->entries.resize(body_->count > inlineEntries ? body_->count - inlineEntries : 0);
}

template <class Source>
void Answer::setAdditionalSource(const Source& source) {
  static_assert(std::is_base_of_v<AdditionalSource, Source> && std::is_trivially_destructible_v<Source>);
  static_assert(sizeof(Source) <= sourceSize && alignof(Source) <= alignof(void*));
  Body& body = changeable();
  body.additional = new (body.sourceMemory.data()) Source(source);
}

template <class Visitor>
void Answer::forEach(Section section, Visitor&& visit) const {
  for (std::size_t i = 0; i < body_->count; ++i)
    if (const Entry& entry = body_->entry(i); entry.section == section) visit(entry.rrset);
  if (section != Section::additional) return;
  class Sink final : public AdditionalSink {
   public:
    explicit Sink(Visitor& visitor) : visit_(visitor) {}
    bool take(const RRset& rrset, const RRset& signatures, bool) override {
      visit_(rrset);
      if (signatures.count != 0) visit_(signatures);
      return true;
    }

   private:
    Visitor& visit_;
  };
  Sink sink(visit);
  drawAdditional(sink);
}

}  // namespace taut

// Prints the RCODE and how many records there are: "NXDOMAIN, 1 record".
template <>
struct fmt::formatter<taut::Answer> {
  constexpr auto parse(fmt::format_parse_context& context) { return context.begin(); }
  fmt::format_context::iterator format(const taut::Answer& answer, fmt::format_context& context) const;
};
