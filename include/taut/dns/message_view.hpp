// Reads a received message record by record (RFC 1035 section 4.1): replies from upstream, transfers, updates.
//
// Lazy: what comes after the header is read when it is asked for. Every name is read strictly, see Name::read. Reading
// ends at the first thing that does not parse, and `ok()` tells.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "taut/base/bytes.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/question.hpp"
#include "taut/dns/type.hpp"

namespace taut {

// One record. Its RDATA is as in the message: names in it may be compressed (see decompressRdata).
struct Record {
  Record() {}  // a defaulted one would clear all octets of the name first

  Name owner;
  Section section{};
  Type type{};
  Class rrClass = Class::IN;
  std::uint32_t ttl = 0;  // as sent, but 0 for a value over 2^31 - 1 (RFC 2181 section 8); OPT's flags as they are
  std::size_t rdataOffset = 0;  // in the message
  std::uint16_t rdataSize = 0;
};

class MessageView {
 public:
  // Nothing for less than a header's 12 octets. The message outlives the view.
  static std::optional<MessageView> parse(ByteSpan message);

  std::uint16_t id() const { return loadU16(message_.data()); }
  std::uint16_t flags() const { return loadU16(message_.data() + 2); }
  bool isResponse() const { return (flags() & flag::QR) != 0; }
  bool truncated() const { return (flags() & flag::TC) != 0; }
  Opcode opcode() const { return static_cast<Opcode>((flags() & flag::opcodeMask) >> 11); }
  Rcode rcode() const { return static_cast<Rcode>(flags() & flag::rcodeMask); }  // the header's four bits
  std::uint16_t questionCount() const { return loadU16(message_.data() + 4); }
  std::uint16_t recordCount(Section section) const {
    return loadU16(message_.data() + 6 + 2 * static_cast<std::size_t>(section));
  }

  // The next question; nothing after the last or where it does not parse. Records come after the questions.
  std::optional<Question> nextQuestion();
  // The next record of any section, unread questions skipped.
  std::optional<Record> nextRecord();

  bool ok() const { return reader_.ok(); }
  // In the message, behind what was read last.
  std::size_t position() const { return reader_.position(); }
  ByteSpan message() const { return message_; }

 private:
  explicit MessageView(ByteSpan message);

  std::optional<Record> nextRecordOf(Section section);
  bool readQuestion(Question& question);
  bool skipQuestion();
  bool readRecord(Record& record);

  ByteSpan message_;
  ByteReader reader_;
  std::uint16_t questionsLeft_;
  std::array<std::uint16_t, 3> recordsLeft_;  // by section
};

}  // namespace taut
