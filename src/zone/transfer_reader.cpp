#include "taut/zone/transfer_reader.hpp"

#include <utility>

#include <fmt/format.h>

#include "taut/dns/rdata.hpp"
#include "taut/dns/rrset.hpp"

namespace taut {

TransferReader::TransferReader(const TransferRequest& request, TakeRecord take, const TransferLimits& limits)
    : request_(request), take_(std::move(take)), limits_(limits), rdata_(new std::uint8_t[maxRdataSize]) {}

bool TransferReader::fail(Failure failure, std::string error) {
  progress_ = Progress::failed;
  failure_ = failure;
  error_ = std::move(error);
  differences_.clear();
  firstSoa_ = removed_ = added_ = {};
  return false;
}

TransferReader::Progress TransferReader::add(ByteSpan octets) {
  if (progress_ != Progress::more) return progress_;
  auto message = MessageView::parse(octets);
  if (!message) {
    fail(Failure::message, "a message without a header");
    return progress_;
  }
  ++messages_;
  if (!belongs(*message)) return progress_;
  if (message->truncated())
    end(Form::overflow);
  else
    readAnswers(*message);
  return progress_;
}

// Whether the message is a part of the answer to the request.
bool TransferReader::belongs(MessageView& message) {
  if (!message.isResponse() || message.opcode() != Opcode::QUERY || message.id() != request_.id)
    return fail(Failure::message, "a message that is no answer to the request");
  rcode_ = message.rcode();
  if (rcode_ != Rcode::NOERROR) return fail(Failure::rcode, fmt::format("the server answers {}", rcode_));
  if (message.truncated() && request_.transport == Transport::tcp)
    return fail(Failure::message, "a message over TCP that is truncated");
  if (message.questionCount() == 0) return true;
  const auto question = message.nextQuestion();
  if (!question || message.questionCount() > 1) return fail(Failure::message, "a message with a malformed question");
  if (*question == Question{request_.zone, request_.type, request_.rrClass}) return true;
  return fail(Failure::message,
              fmt::format("an answer to the question {} {} {}; expected {} {} {}", question->name, question->rrClass,
                          question->type, request_.zone, request_.rrClass, request_.type));
}

void TransferReader::readAnswers(MessageView& message) {
  const std::size_t answers = message.recordCount(Section::answer);
  for (std::size_t i = 0; i < answers; ++i) {
    const auto record = message.nextRecord();
    if (!record) {
      fail(Failure::message, "a message that is malformed");
      return;
    }
    if (!readRecord(message, *record)) return;
  }
  endMessage(answers);
}

bool TransferReader::readRecord(const MessageView& message, const Record& record) {
  const auto wrong = [&](std::string_view why) {
    return fail(Failure::message,
                fmt::format("the record {} {} {}: {}", record.owner, record.rrClass, record.type, why));
  };
  if (state_ == State::end) {
    fail(Failure::order, fmt::format("the record {} {} after the end", record.owner, record.type));
    return false;
  }
  if (record.rrClass != request_.rrClass) return wrong(fmt::format("expected class {}", request_.rrClass));
  if (isMetaType(record.type) || record.type == Type{}) return wrong("no zone has this type");
  ByteWriter out{MutableByteSpan(rdata_.get(), maxRdataSize)};
  if (!decompressRdata(record.type, message.message(), record.rdataOffset, record.rdataSize, out))
    return wrong("its RDATA is none of this type");
  const ZoneRecord read{record.owner, record.type, record.ttl, out.written()};
  ++records_;
  octets_ += RecordList::octetsOf(read);
  if (records_ > limits_.records || octets_ > limits_.octets)
    return fail(Failure::limit, fmt::format("over {} records or {} octets", limits_.records, limits_.octets));
  return take(read);
}

bool TransferReader::take(const ZoneRecord& record) {
  if (state_ == State::first) return takeFirst(record);
  if (record.type == Type::SOA && record.owner == request_.zone.view()) return takeSoa(record);
  if (state_ == State::second) beginWhole();
  if (!record.owner.isWithin(request_.zone)) {
    ++outside_;
  } else if (state_ == State::whole) {
    take_(record);
  } else {
    (state_ == State::removed ? removed_ : added_).add(record);
  }
  return true;
}

bool TransferReader::takeFirst(const ZoneRecord& record) {
  if (record.type != Type::SOA || record.owner != request_.zone.view())
    return fail(Failure::order, fmt::format("the first record is {} {}; expected the SOA of {}", record.owner,
                                            record.type, request_.zone));
  serial_ = serialOfSoa(record.rdata);
  firstSoa_.add(record);
  state_ = State::second;
  if (request_.type == Type::AXFR) beginWhole();
  return true;
}

void TransferReader::beginWhole() {
  form_ = Form::whole;
  state_ = State::whole;
  take_(firstSoa_.front());
  firstSoa_ = {};
}

bool TransferReader::takeSoa(const ZoneRecord& soa) {
  const Serial serial = serialOfSoa(soa.rdata);
  switch (state_) {
    case State::second:
      return takeSecondSoa(soa, serial);
    case State::removed:
      return beginAdded(soa, serial);
    case State::added:
      return endAdded(soa, serial);
    default:
      return endWhole(serial);
  }
}

// The same serial again is the end of a zone that is an SOA alone.
bool TransferReader::takeSecondSoa(const ZoneRecord& soa, Serial serial) {
  if (serial == *serial_) {
    beginWhole();
    return endWhole(serial);
  }
  if (!request_.serial || serial != *request_.serial)
    return fail(Failure::history, request_.serial ? fmt::format("the differences begin at serial {}; expected {}",
                                                                serial.value(), request_.serial->value())
                                                  : fmt::format("the differences begin at serial {}", serial.value()));
  form_ = Form::differences;
  state_ = State::removed;
  firstSoa_ = {};
  removed_.add(soa);
  return true;
}

bool TransferReader::endWhole(Serial serial) {
  if (serial != *serial_)
    return fail(Failure::order,
                fmt::format("the zone ends with serial {}; it began with {}", serial.value(), serial_->value()));
  end(Form::whole);
  return true;
}

void TransferReader::end(Form form) {
  form_ = form;
  state_ = State::end;
  progress_ = Progress::finished;
}

bool TransferReader::beginAdded(const ZoneRecord& soa, Serial serial) {
  const Serial from = serialOfSoa(removed_.front().rdata);
  if (!isNewer(serial, from))
    return fail(Failure::order, fmt::format("the differences from serial {} lead to {}, which is not newer",
                                            from.value(), serial.value()));
  to_ = serial;
  added_.add(soa);
  state_ = State::added;
  return true;
}

// The SOA after the records that come is that of the same version: the next difference begins there, or all ends.
bool TransferReader::endAdded(const ZoneRecord& soa, Serial serial) {
  if (serial != *to_)
    return fail(Failure::order, fmt::format("the differences to serial {} are followed by those from {}", to_->value(),
                                            serial.value()));
  differences_.emplace_back(std::move(removed_), std::move(added_));
  if (serial == *serial_) {
    end(Form::differences);
    return true;
  }
  removed_.add(soa);
  state_ = State::removed;
  return true;
}

// A message without a record would not bring the transfer to an end, however many of them came.
void TransferReader::endMessage(std::size_t answers) {
  if (answers == 0) {
    fail(Failure::order, "a message without a record in its answer");
    return;
  }
  const bool isOverUdp = request_.transport == Transport::udp;
  if (state_ == State::second) {
    const bool isCurrent = request_.serial && !isNewer(*serial_, *request_.serial);
    if (isCurrent || isOverUdp) end(isCurrent ? Form::current : Form::overflow);
  } else if (isOverUdp && progress_ == Progress::more) {
    fail(Failure::order, "an answer over UDP that does not end");
  }
}

}  // namespace taut
