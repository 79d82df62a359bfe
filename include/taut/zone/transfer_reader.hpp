// Reads the answer to a request for a zone transfer, message by message: a whole zone (RFC 5936), the differences from
// the version that is there (RFC 1995), or that there is nothing newer. It does no I/O.
//
//   TransferReader reader(request, [&](const ZoneRecord& record) {
//     builder.add(record.owner, record.type, record.ttl, record.rdata);
//   });
//   while (reader.progress() == TransferReader::Progress::more) reader.add(co_await nextMessage());
//
// The records of a whole zone are given on as they are read, its SOA first and once, so that no second copy of the zone
// is there. They count only where the transfer has finished. A request for differences may be answered with the whole
// zone (RFC 1995 section 4); then nothing has been given on before that is known.
//
// What is refused: a message that is not the answer to the request (ID, opcode, QR, question, TC), or whose RCODE says
// no; a record of another class or of a type that no zone has; a first record that is not the zone's SOA, a whole zone
// that ends with another serial than it began with, differences that do not begin at the version that is there, do not
// follow each other or do not lead to the serial that the answer began with; records after the end; more records or
// octets than the limits. A question may be left out (RFC 5936 section 2.2.1). Records of the zone's class outside the
// zone are left out and counted. Authority and additional section are not looked at: who verifies a TSIG has done so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "taut/base/bytes.hpp"
#include "taut/dns/client.hpp"
#include "taut/dns/message_view.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/serial.hpp"
#include "taut/dns/type.hpp"
#include "taut/zone/record_list.hpp"
#include "taut/zone/zone_difference.hpp"

namespace taut {

// What was asked for.
struct TransferRequest {
  Name zone;
  Class rrClass = Class::IN;
  Type type = Type::AXFR;        // or IXFR
  std::uint16_t id = 0;          // of all messages of the answer
  std::optional<Serial> serial;  // for IXFR: of the version that is there
  Transport transport = Transport::tcp;
};

struct TransferLimits {
  std::uint64_t octets = std::uint64_t{8} << 30;  // of all records, as a RecordList counts them
  std::uint64_t records = UINT32_MAX;
};

class TransferReader {
 public:
  enum class Progress : std::uint8_t { more, finished, failed };

  enum class Form : std::uint8_t {
    unknown,      // until the second record of an answer to IXFR
    current,      // the version that is there is not older: an SOA alone (RFC 1995 section 2)
    overflow,     // over UDP: a newer SOA alone, or TC: the answer does not fit; ask again over TCP (likewise)
    whole,        // all records of the zone
    differences,  // those from the version that is there
  };

  enum class Failure : std::uint8_t {
    none,
    rcode,    // the server answers with an error: `rcode()`
    message,  // what came is no answer to the request, or is malformed
    order,    // the records do not make a transfer
    history,  // the differences do not begin at the version that is there
    limit,    // there are too many
  };

  // Takes each record of a whole zone. It lives for the call.
  using TakeRecord = std::function<void(const ZoneRecord& record)>;

  TransferReader(const TransferRequest& request, TakeRecord take, const TransferLimits& limits = {});

  // Reads one message, whole, without its length. Once it has finished or failed nothing more is read.
  Progress add(ByteSpan message);

  Progress progress() const { return progress_; }
  Form form() const { return form_; }
  Failure failure() const { return failure_; }
  const std::string& error() const { return error_; }  // for the log; empty without a failure
  Rcode rcode() const { return rcode_; }               // of the last message

  // The serial that the answer leads to: that of its first SOA. Nothing where none was read.
  std::optional<Serial> serial() const { return serial_; }
  // After a transfer of differences has finished: in order, each beginning where the one before ends. Once.
  std::vector<ZoneDifference> takeDifferences() { return std::move(differences_); }

  std::uint64_t records() const { return records_; }    // that were read, the SOAs among them
  std::uint64_t octets() const { return octets_; }      // likewise, as TransferLimits counts
  std::uint64_t messages() const { return messages_; }  // that were read
  std::uint64_t outside() const { return outside_; }    // records outside the zone, left out

 private:
  // What the next record is.
  enum class State : std::uint8_t { first, second, whole, removed, added, end };

  bool belongs(MessageView& message);
  void readAnswers(MessageView& message);
  bool readRecord(const MessageView& message, const Record& record);
  bool take(const ZoneRecord& record);
  bool takeSoa(const ZoneRecord& soa);
  bool takeFirst(const ZoneRecord& record);
  bool takeSecondSoa(const ZoneRecord& soa, Serial serial);
  void beginWhole();
  bool endWhole(Serial serial);
  bool beginAdded(const ZoneRecord& soa, Serial serial);
  bool endAdded(const ZoneRecord& soa, Serial serial);
  void endMessage(std::size_t answers);
  void end(Form form);
  bool fail(Failure failure, std::string error);

  TransferRequest request_;
  TakeRecord take_;
  TransferLimits limits_;
  State state_ = State::first;
  Progress progress_ = Progress::more;
  Form form_ = Form::unknown;
  Failure failure_ = Failure::none;
  Rcode rcode_ = Rcode::NOERROR;
  std::optional<Serial> serial_;
  std::optional<Serial> to_;  // of the difference that is being read, once its second SOA has come
  std::uint64_t records_ = 0;
  std::uint64_t octets_ = 0;
  std::uint64_t messages_ = 0;
  std::uint64_t outside_ = 0;
  RecordList firstSoa_;  // until the form is known
  RecordList removed_;
  RecordList added_;
  std::vector<ZoneDifference> differences_;
  std::unique_ptr<std::uint8_t[]> rdata_;  // of one record
  std::string error_;
};

}  // namespace taut
