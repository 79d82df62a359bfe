// A reply taken apart: its header, its records in presentation form or as structs, and what OPT says.
//
//   reply.rcode == Rcode::NOERROR
//   reply.texts() == std::vector<std::string>{"www.example.com. 300 A 192.0.2.1"}
//   reply.all<rdata::MX>().front().preference == 10
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "taut/base/bytes.hpp"
#include "taut/client/lookup.hpp"
#include "taut/dns/edns.hpp"
#include "taut/dns/message_view.hpp"
#include "taut/dns/question.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/dns/rrset.hpp"
#include "taut/dns/type.hpp"
#include "taut/testing/query.hpp"

namespace taut::testing {

struct ParsedReply {
  // Throws std::bad_optional_access where there are fewer octets than a header has. `whole` tells whether all that
  // follows could be read.
  explicit ParsedReply(ByteSpan message) {
    auto view = MessageView::parse(message);
    id = view.value().id();
    flags = view->flags();
    opcode = view->opcode();
    rcode = view->rcode();
    question = view->nextQuestion();
    whole = true;
    while (const auto record = view->nextRecord()) take(*record, message);
    whole = whole && view->ok();
  }

  bool has(std::uint16_t bit) const { return (flags & bit) != 0; }  // a bit in `flag`

  // The records of a section in order, without OPT. `texts` has them as in a master file, with owner, TTL and type.
  const std::vector<LookupRecord>& records(Section section = Section::answer) const {
    return sections[static_cast<std::size_t>(section)];
  }
  std::vector<std::string> texts(Section section = Section::answer) const {
    std::vector<std::string> texts;
    for (const LookupRecord& record : records(section)) texts.push_back(record.toString());
    return texts;
  }
  // Those of one type, as structs.
  template <class Rdata>
  std::vector<Rdata> all(Section section = Section::answer) const {
    std::vector<Rdata> all;
    for (const LookupRecord& record : records(section)) {
      if (record.type != Rdata::type) continue;
      if (auto rdata = rdata::read<Rdata>(record.rdata)) all.push_back(std::move(*rdata));
    }
    return all;
  }

  // The data of an option of OPT; nothing where there is none.
  std::optional<Octets> option(EdnsOption code) const {
    ByteReader reader{ByteSpan(options)};
    while (reader.ok() && reader.remaining() > 0) {
      const auto found = static_cast<EdnsOption>(reader.u16());
      const ByteSpan data = reader.take(reader.u16());
      if (found == code) return Octets(data.begin(), data.end());
    }
    return std::nullopt;
  }
  // Why the answer is what it is (RFC 8914); nothing where the reply does not say it.
  std::optional<ExtendedErrorCode> extendedError() const {
    const auto data = option(EdnsOption::EDE);
    return data && data->size() >= 2 ? std::optional(ExtendedErrorCode{loadU16(data->data())}) : std::nullopt;
  }

  std::uint16_t id = 0;
  std::uint16_t flags = 0;
  Opcode opcode{};
  Rcode rcode{};                    // the four bits of the header
  std::uint16_t extendedRcode = 0;  // all twelve bits, where there is OPT (RFC 6891 section 6.1.3)
  std::optional<Question> question;
  std::array<std::vector<LookupRecord>, 3> sections;
  std::array<std::size_t, 3> counts{};  // of the records of each section, OPT not counted
  bool hasOpt = false;
  Octets options;  // of OPT, encoded
  bool whole = false;

 private:
  void take(const Record& record, ByteSpan message) {
    const ByteSpan rdata = message.subspan(record.rdataOffset, record.rdataSize);
    if (record.type == Type::OPT) {
      hasOpt = true;
      options.assign(rdata.begin(), rdata.end());
      extendedRcode = static_cast<std::uint16_t>(record.ttl >> 24 << 4 | static_cast<std::uint16_t>(rcode));
      return;
    }
    Octets uncompressed(maxRdataSize);
    ByteWriter writer{MutableByteSpan(uncompressed)};
    whole = whole && decompressRdata(record.type, message, record.rdataOffset, record.rdataSize, writer);
    const auto section = static_cast<std::size_t>(record.section);
    sections[section].emplace_back(record.owner, record.type, record.ttl, writer.written());
    ++counts[section];
  }
};

}  // namespace taut::testing
