// Any octets, read as a request and as a message: every record's owner and RDATA is read, expanded and printed.
#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include <fmt/format.h>

#include "fuzz/fuzz.hpp"
#include "taut/base/address.hpp"
#include "taut/dns/message_view.hpp"
#include "taut/dns/query.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/dns/rdata_text.hpp"

namespace message_fuzz {

namespace {

using namespace taut;
using fuzz::require;

// What was read as a client subnet is one: written, it is read as the same.
void checkSubnet(const ClientSubnet& subnet) {
  std::array<std::uint8_t, 20> octets;
  ByteWriter writer{MutableByteSpan(octets)};
  subnet.write(writer, 0);
  const auto again = ClientSubnet::read(writer.written());
  require(writer.ok() && again && again->subnet == subnet, "a client subnet is written as it was read");
}

void readQuery(ByteSpan message, Transport transport) {
  const auto query = Query::parse(message, {Address::loopbackV4(5353), transport});
  if (!query) return;
  require(message.size() >= messageHeaderSize, "a query has a header");
  require((query->flags() & flag::QR) == 0, "a response is never taken for a query");
  require(query->hasQuestion() || query->questionSize() == 0, "no question has no size");
  require(query->questionSize() <= message.size() - messageHeaderSize, "the question lies within the message");
  require(query->name().size() <= maxNameSize, "names have at most 255 octets");
  if (query->hasQuestion())
    require(NameView::fromWire(query->name().wire()).has_value(), "the name asked for is valid");
  if (query->edns() && query->edns()->clientSubnet) checkSubnet(*query->edns()->clientSubnet);
  const std::size_t limit = query->replyLimit();
  require(limit >= classicUdpSize && limit <= maxMessageSize, "a reply may have 512 to 65535 octets");
}

void readRdata(const Record& record, ByteSpan message, MutableByteSpan scratch) {
  ByteWriter expanded(scratch);
  if (!decompressRdata(record.type, message, record.rdataOffset, record.rdataSize, expanded)) return;
  require(expanded.size() <= maxRdataSize, "expanded RDATA fits RDLENGTH");
  require(validRdata(record.type, expanded.written()), "expanded RDATA fits its layout");
  fmt::memory_buffer text;
  printRdata(record.type, expanded.written(), text);
  require(text.size() != 0 || expanded.size() == 0, "RDATA has a presentation form");
}

void readRecords(ByteSpan message, MutableByteSpan scratch) {
  auto view = MessageView::parse(message);
  if (!view) return;
  std::size_t records = 0;
  while (const auto record = view->nextRecord()) {
    ++records;
    require(record->rdataOffset + record->rdataSize <= message.size(), "RDATA lies within the message");
    require(NameView::fromWire(record->owner.wire()).has_value(), "owners are valid names");
    readRdata(*record, message, scratch);
  }
  const std::size_t promised = std::size_t{view->recordCount(Section::answer)} + view->recordCount(Section::authority) +
                               view->recordCount(Section::additional);
  require(records <= promised, "there are no more records than the header says");
  require(!view->ok() || records == promised, "a message that parses has every record that the header counts");
}

}  // namespace

TAUT_FUZZ_TARGET(message) {
  static std::vector<std::uint8_t> scratch(maxRdataSize);
  const ByteSpan message(data, std::min(size, maxMessageSize));
  readQuery(message, Transport::udp);
  readQuery(message, Transport::tcp);
  readRecords(message, scratch);
  return 0;
}

}  // namespace message_fuzz
