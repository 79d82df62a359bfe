// A request and an answer made of fuzz data: the reply that is written over the request parses, keeps to its limit and
// holds what the answer holds.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <vector>

#include "fuzz/fuzz.hpp"
#include "taut/base/address.hpp"
#include "taut/dns/answer.hpp"
#include "taut/dns/message_view.hpp"
#include "taut/dns/query.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/dns/reply.hpp"

namespace reply_fuzz {

namespace {

using namespace taut;
using fuzz::Input;
using fuzz::require;

constexpr Type unknownType = static_cast<Type>(65280);

// RDATA that fits its layout, as an answer's always does: anything that does not is put under an unknown type.
void addRecord(Input& input, Answer& answer, const Name& earlier) {
  const std::uint8_t choice = input.u8();
  const Section section = static_cast<Section>((choice & 3) % 3);
  const Name owner = (choice & 4) != 0 ? earlier : input.name();
  auto type = static_cast<Type>((choice & 8) != 0 ? input.u16() : input.u8());
  if (type == Type::OPT) type = unknownType;  // the reply's own

  std::array<std::uint8_t, 512> octets;
  ByteWriter rdata{MutableByteSpan(octets)};
  if ((choice & 16) != 0) rdata.u16(input.u16());
  if ((choice & 32) != 0) rdata.bytes(earlier.wire());
  if ((choice & 64) != 0) rdata.bytes(input.name().wire());
  rdata.bytes(input.take(input.u8()));
  if (!rdata.ok()) return;
  if (!validRdata(type, rdata.written())) type = unknownType;
  answer.addRecord(section, owner, type, Class::IN, input.u32() & maxTtl, rdata.written());
}

Answer makeAnswer(Input& input, const Query& query) {
  Answer answer(static_cast<Rcode>(input.u8() & 31));
  answer.setAuthoritative((input.u8() & 1) != 0);
  answer.setAuthenticData((input.u8() & 1) != 0);
  Name earlier = query.name();
  for (std::size_t records = 0; records < 300 && !input.atEnd(); ++records) {
    addRecord(input, answer, earlier);
    if (records % 4 == 3) earlier = input.name();
  }
  return answer;
}

void checkReply(ByteSpan reply, const Query& query, const Answer& answer) {
  require(reply.size() >= messageHeaderSize, "a reply has a header");
  require(reply.size() <= query.replyLimit(), "a reply keeps to the client's limit");
  auto view = MessageView::parse(reply);
  require(view && view->isResponse(), "a reply is a response");
  require(view->id() == query.id() && view->opcode() == query.opcode(), "ID and opcode are the query's");
  require(view->questionCount() == (query.hasQuestion() ? 1 : 0), "the question is echoed");
  if (query.hasQuestion()) {
    const auto question = view->nextQuestion();
    require(question && question->name == query.name() && question->type == query.type(), "the question is the same");
  }

  std::array<std::size_t, 3> records{};
  std::size_t options = 0;
  static std::vector<std::uint8_t> scratch(maxRdataSize);
  while (const auto record = view->nextRecord()) {
    if (record->type == Type::OPT) {
      ++options;
      continue;
    }
    ++records[static_cast<std::size_t>(record->section)];
    ByteWriter expanded{MutableByteSpan(scratch)};
    require(decompressRdata(record->type, reply, record->rdataOffset, record->rdataSize, expanded),
            "RDATA in a reply fits its layout");
  }
  require(view->ok(), "a reply parses to its end");
  require(options == (query.edns() ? 1 : 0), "OPT answers OPT");
  for (std::size_t section = 0; section < records.size(); ++section) {
    const std::size_t wanted = answer.recordCount(static_cast<Section>(section));
    require(view->truncated() ? records[section] <= wanted : records[section] == wanted,
            "a reply without TC holds every record of the answer");
  }
}

}  // namespace

TAUT_FUZZ_TARGET(reply) {
  Input input(data, size);
  const Transport transport = (input.u8() & 1) != 0 ? Transport::tcp : Transport::udp;
  const ByteSpan request = input.take(input.u16() & 0x3ff);
  static std::vector<std::uint8_t> buffer(maxMessageSize);
  std::copy(request.begin(), request.end(), buffer.begin());

  const auto query = Query::parse(ByteSpan(buffer).first(request.size()), {Address::loopbackV4(5353), transport});
  if (!query) return 0;
  const Answer answer = makeAnswer(input, *query);
  const std::size_t written = writeReply(*query, answer, {}, buffer);
  require(written <= buffer.size(), "a reply fits its buffer");
  checkReply(ByteSpan(buffer).first(written), *query, answer);
  return 0;
}

}  // namespace reply_fuzz
