// Any octets as the reply of an upstream server, with the right ID and question patched in for some: what is taken
// from it fits a reply, and is about the question.
#include <vector>

#include "fuzz/fuzz.hpp"
#include "fuzz/layout.hpp"
#include "taut/dns/query.hpp"
#include "taut/dns/reply.hpp"
#include "taut/resolver/upstream_message.hpp"

namespace upstream_fuzz {

namespace {

using namespace taut;
using fuzz::require;
using Kind = UpstreamReply::Kind;

constexpr std::uint16_t id = 0x4a4a;

void checkAnswer(const UpstreamQuestion& question, const Answer& answer) {
  require(!answer.authoritative(), "a forwarded answer is not authoritative");
  for (std::size_t i = 0; i < answer.entryCount(); ++i) {
    const auto& [rrset, section, required] = answer.entry(i);
    require(rrset.count == 1 && rrset.rrClass == question.rrClass, "records are of the class asked for");
    require(!isMetaType(rrset.type) && rrset.ttl <= maxTtl, "records are ones that can be stored");
    require(fuzz::hasLayout(rrset.type, rrset.front()), "RDATA fits its type");
  }
}

}  // namespace

TAUT_FUZZ_TARGET(upstream) {
  fuzz::Input input(data, size);
  const std::uint8_t mode = input.u8();
  UpstreamQuestion question;
  question.name = input.name();
  question.type = static_cast<Type>(input.u16());
  std::vector<std::uint8_t> message(maxUpstreamQuerySize);
  message.resize(writeUpstreamQuery(question, {id, false}, message));
  const ByteSpan rest = input.rest();
  if ((mode & 2) != 0) {
    message.assign(rest.begin(), rest.end());
  } else if (rest.size() >= 7) {
    message[2] = static_cast<std::uint8_t>(0x80 | (rest[0] & 0x07));
    std::copy_n(rest.begin() + 1, 6, message.begin() + 6);
    message.insert(message.end(), rest.begin() + 7, rest.end());
  }
  if (message.size() > maxMessageSize) message.resize(maxMessageSize);
  const std::vector<std::uint8_t> cookie((mode & 4) != 0 ? 8 : 0, 0x11);
  UpstreamQuery query{id};
  query.cookie = cookie;
  query.caseSeed = (mode & 8) != 0 ? 0x5555'5555'5555'5555 : 0;
  const UpstreamReplyHead head = matchUpstreamReply(question, query, message);
  require(head.cookieOffset + head.cookieSize <= message.size() && head.cookieSize <= 40,
          "the cookie is one of the reply");
  restoreCase(question, message);
  if (head.kind != UpstreamReplyHead::Kind::matched) return 0;
  const UpstreamReply reply = readUpstreamReply(question, head, message);
  if (reply.kind != Kind::complete) return 0;
  checkAnswer(question, reply.answer);
  std::vector<std::uint8_t> buffer(maxMessageSize);
  const Query asked(question.name, question.type);
  require(writeReply(asked, reply.answer, {}, buffer) <= buffer.size(), "the answer can be written");
  return 0;
}

}  // namespace upstream_fuzz
