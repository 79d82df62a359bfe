// Writes a message into the caller's buffer: header, question, then RRsets section by section.
//
// Owner names, and names in the RDATA of the types of RFC 1035 alone (RFC 3597 section 4), are compressed against the
// names written before (RFC 1035 section 4.1.4): the QNAME first, then those of a small and fixed table of suffixes. No
// pointer leads beyond offset 0x3fff.
//
// The names of what is put must stay in place until the message is finished, and must not be in the buffer.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "taut/base/bytes.hpp"
#include "taut/dns/compression.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/query.hpp"
#include "taut/dns/question.hpp"
#include "taut/dns/rrset.hpp"
#include "taut/dns/type.hpp"

namespace taut {

class ReplyBuilder {
 public:
  // At most `limit` octets are written, and no more than the buffer holds, which is at least a header.
  ReplyBuilder(MutableByteSpan buffer, std::size_t limit);

  // Writes header and question. `flags` is the header's second word, RCODE included. The buffer may be the one that the
  // query was received in. A question that did not parse is left out, and QDCOUNT is 0 then.
  void begin(const Query& query, std::uint16_t flags);

  // Writes the header of a query or of any other message; QDCOUNT is 0.
  void begin(std::uint16_t id, std::uint16_t flags);
  bool putQuestion(const QuestionView& question);

  // Keeps `octets` at the end free, or all that are left where there are fewer, until `release`: room for OPT.
  void reserve(std::size_t octets);
  void release(std::size_t octets);

  // Appends a whole RRset, or nothing and false where there is no room; the work is bounded by the room, not by the
  // RRset. Sections come in order. The record number `first` comes first, and the records before it come last. Where
  // RDATA does not hold the names that its type has, its octets are copied.
  bool put(Section section, const RRset& rrset, std::size_t first = 0);

  // Appends OPT (RFC 6891 section 6.1.2) to the additional section, or nothing and false where there is no room.
  // `rcode` gives the upper 8 of its 12 bits.
  bool putOpt(std::uint16_t udpPayloadSize, Rcode rcode, bool dnssecOk, ByteSpan options);

  // Takes back what was put since `mark`, for groups that belong together.
  struct Mark {
    std::size_t size;
    std::size_t suffixes;
    std::array<std::uint16_t, 4> counts;
  };
  Mark mark() const { return {size_, suffixCount_, counts_}; }
  void rewind(const Mark& mark);

  void setTruncated();  // the TC bit
  std::uint16_t count(Section section) const { return counts_[static_cast<std::size_t>(section) + 1]; }

  // Writes the counts; the size of the message.
  std::size_t finish();

 private:
  // A name or the tail of one that was written at `offset`, by the octets that it was written from.
  struct Suffix {
    const std::uint8_t* octets;
    std::uint64_t key;  // of its first octets, case folded
    std::uint16_t offset;
    std::uint8_t size;
    std::uint8_t next;      // in the chain of its bucket
    std::uint8_t pointers;  // how many a reader follows from here on
  };
  static constexpr std::size_t maxSuffixes = 128;
  static constexpr std::size_t bucketCount = 32;
  // Readers bound how many pointers they follow, some at 16: names that are compressed against each other must not need
  // more.
  static constexpr std::uint8_t maxPointers = 8;

  static std::uint64_t keyOf(NameView name);
  static std::size_t bucketOf(std::uint64_t key);

  std::size_t room() const { return limit_ - size_; }
  bool isOfQuestion(NameView name) const;
  void noteQuestionSizes();
  void remember(NameView name, std::uint64_t key, std::size_t offset);
  const Suffix* findSuffix(NameView name, std::uint64_t key) const;
  void rewind(std::size_t size, std::size_t suffixes);
  bool writePointer(std::size_t target);
  std::size_t writeName(NameView name);
  bool writeOwner(NameView owner);
  bool writeOctets(ByteSpan octets);
  bool writeNames(std::size_t count, ByteSpan octets);
  void writeFixedFields(const RRset& rrset, std::size_t rdataSize);
  bool writeRecord(const RRset& rrset, CompressibleNames names, ByteSpan rdata);

  std::uint8_t* buffer_;
  std::size_t limit_;
  std::size_t size_ = 0;
  std::size_t reserved_ = 0;
  NameView question_;
  std::size_t questionAt_ = 0;  // the root's octet where there is no question
  bool questionSizesKnown_ = false;
  std::array<std::uint64_t, 4> questionSizes_{};  // a bit for the size of each suffix of the question but the root
  NameView owner_;                                // of the record before
  std::size_t ownerAt_ = 0;                       // where it is, within reach of pointers; 0: nowhere
  std::size_t suffixCount_ = 0;
  std::size_t section_ = 0;  // index of its count
  std::array<std::uint16_t, 4> counts_{};
  std::array<std::uint8_t, bucketCount> buckets_{};  // index of the newest suffix plus one; 0: none
  std::array<Suffix, maxSuffixes> suffixes_;
};

}  // namespace taut
