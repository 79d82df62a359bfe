// Any zone that loads and any question: the answer is made within bounds, and the reply parses, keeps to its limit and
// has the RCODE that fits what the zone knows of the name. The input is a question and, after it, lines of a zone.
#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/fuzz.hpp"
#include "taut/base/address.hpp"
#include "taut/base/clock.hpp"
#include "taut/dns/message_view.hpp"
#include "taut/dns/query.hpp"
#include "taut/dns/reply.hpp"
#include "taut/resolver/authority.hpp"
#include "taut/zone/zone_file.hpp"

namespace zone_answer_fuzz {

namespace {

using namespace taut;
using fuzz::Input;
using fuzz::require;

constexpr std::string_view head =
    "$ORIGIN example.\n$TTL 300\n@ SOA ns1 hostmaster 7 3600 600 86400 60\n@ NS ns1\nns1 A 192.0.2.1\n";

std::shared_ptr<const ZoneSet> zonesOf(ByteSpan lines) {
  ZoneLoadOptions options;
  options.maxGenerated = 1000;
  options.checks.maxNsec3Iterations = 10;
  const ZoneLoad load = parseZone(std::string(head) + std::string(asText(lines)), Name("example."), options);
  if (!load.ok()) return nullptr;
  return std::make_shared<const ZoneSet>(std::vector{load.zone, Zone::notLoaded(Name("broken.example."))});
}

// A label of the zone, so that fuzz data finds its names, or any label.
Name questionName(Input& input, const Zone& zone) {
  const std::uint8_t choice = input.u8();
  const auto nodes = zone.image().nodes();
  const Name known = nodes[input.u16() % nodes.size()].owner();
  if ((choice & 3) == 0) return known;
  const auto below = Name::join((choice & 3) == 1 ? "x" : asText(input.take(1 + (choice >> 2) % 8)), known);
  return below ? *below : known;
}

std::vector<std::uint8_t> makeRequest(Input& input, const Name& name) {
  const std::uint8_t flags = input.u8();
  std::vector<std::uint8_t> message{0, 1, static_cast<std::uint8_t>(flags & 1), 0, 0, 1, 0, 0, 0, 0, 0, 0};
  message.insert(message.end(), name.data(), name.data() + name.size());
  const std::uint16_t type = (flags & 2) != 0 ? input.u16() : input.u8();
  message.insert(message.end(), {static_cast<std::uint8_t>(type >> 8), static_cast<std::uint8_t>(type), 0, 1});
  if ((flags & 4) != 0) {
    const auto dnssecOk = static_cast<std::uint8_t>((flags & 8) << 4);
    message.insert(message.end(), {0, 0, 41, 4, 208, 0, 0, dnssecOk, 0, 0, 0});
    message[11] = 1;
  }
  return message;
}

void checkReply(ByteSpan reply, const Query& query, const Answer& answer) {
  require(reply.size() <= query.replyLimit(), "a reply keeps to the client's limit");
  auto view = MessageView::parse(reply);
  require(view.has_value(), "a reply parses");
  view->nextQuestion();
  while (view->nextRecord()) continue;
  require(view->ok(), "a reply parses to its end");
  require(view->truncated() || view->rcode() == answer.rcode(), "the RCODE is the answer's");
}

}  // namespace

TAUT_FUZZ_TARGET(zone_answer) {
  constexpr std::size_t questionSize = 32;
  Input input(data, std::min(size, questionSize));
  const auto zones = zonesOf(ByteSpan(data, size).subspan(std::min(size, questionSize)));
  if (!zones) return 0;
  const Zone& zone = *zones->find(Name("example."));
  const Authority authority(zones);
  const Transport transport = (input.u8() & 1) != 0 ? Transport::tcp : Transport::udp;
  while (!input.atEnd()) {
    const Name name = questionName(input, zone);
    std::vector<std::uint8_t> buffer = makeRequest(input, name);
    const std::size_t requestSize = buffer.size();
    buffer.resize(65535);
    const auto now = TimePoint{};
    const auto query = Query::parse(ByteSpan(buffer).first(requestSize), {Address::loopbackV4(53), transport, now});
    require(query.has_value(), "the request is one");
    ZoneSet::LookAhead ahead(*zones, query->name(), query->nameHash());
    ahead.prefetchZone();
    ahead.prefetchIndex();
    ahead.prefetchNode();
    const auto answer = authority.answer(*query);
    require(answer.has_value(), "a zone answers for its names");
    if (zones->find(name) != &zone && query->type() != Type::DS)
      require(answer->rcode() == Rcode::SERVFAIL, "a zone that is not loaded is SERVFAIL");
    const std::size_t replySize = writeReply(*query, *answer, {}, buffer);
    checkReply(ByteSpan(buffer).first(replySize), *query, *answer);
  }
  return 0;
}

}  // namespace zone_answer_fuzz
