// Any octets as the reply of a server of a zone: what is kept of it belongs to the zone and to the question, and is no
// more than the bounds say.
#include <algorithm>
#include <vector>

#include "fuzz/fuzz.hpp"
#include "fuzz/layout.hpp"
#include "taut/base/local_pool.hpp"
#include "taut/dns/message_view.hpp"
#include "taut/dns/query.hpp"
#include "taut/recursor/scrubber.hpp"

namespace scrubber_fuzz {

namespace {

using namespace taut;
using fuzz::require;
using Kind = Scrubbed::Kind;

bool isRefused(Kind kind) {
  return kind == Kind::lame || kind == Kind::failure || kind == Kind::garbage;
}

void checkRRset(const RRset& rrset) {
  require(rrset.count <= maxRecordsOfRRset && rrset.ttl <= maxTtl, "an RRset keeps to the bounds");
  require(rrset.rrClass == Class::IN && !isMetaType(rrset.type), "records are ones that can be stored");
  std::size_t octets = 0;
  for (const ByteSpan rdata : rrset) {
    require(fuzz::hasLayout(rrset.type, rdata), "RDATA fits its type");
    octets += rdata.size() + 2;
  }
  require(octets <= maxRRsetOctets, "an RRset keeps to the bound of octets");
}

void check(const ScrubbedRRset& taken, NameView zone, const Scrubbed& scrubbed) {
  require(taken.rrset.count > 0, "an RRset has a record");
  checkRRset(taken.rrset);
  checkRRset(taken.signatures);
  require(taken.signatures.count <= maxSignatures, "an RRset has few signatures");
  require(taken.rrset.owner.isWithin(zone), "a server is believed about its zone alone");
  if (taken.rrset.type == Type::NS && taken.section == Section::authority) {
    require(scrubbed.kind() == Kind::referral, "NS records are kept of referrals");
    require(taken.rrset.owner == scrubbed.name().view() && taken.rrset.count <= maxNameServers, "of one cut");
  }
}

void checkKind(const Scrubbed& scrubbed, NameView zone, const QuestionView& question, bool forwarded) {
  require(isRefused(scrubbed.kind()) == (scrubbed.fault() != Scrubbed::Fault::none), "a refusal has a reason");
  require(!isRefused(scrubbed.kind()) || scrubbed.rrsets().empty(), "nothing is kept of a reply that is refused");
  require(scrubbed.links() <= maxAliasLinks, "a chain is bounded");
  if (scrubbed.kind() != Kind::referral) return;
  require(!forwarded, "a forwarder does not refer");
  require(scrubbed.name().isBelow(zone) && question.name.isWithin(scrubbed.name()),
          "a referral leads down to the name");
}

void judge(const MessageView& view, NameView zone, const QuestionView& question, bool forwarded) {
  const auto asked = forwarded ? Scrubber::Asked::forwarder : Scrubber::Asked::authority;
  const Scrubbed scrubbed = Scrubber().scrub(view, zone, question, asked);
  checkKind(scrubbed, zone, question, forwarded);
  for (const ScrubbedRRset& taken : scrubbed.rrsets()) check(taken, zone, scrubbed);
}

}  // namespace

TAUT_FUZZ_TARGET(scrubber) {
  fuzz::Input input(data, size);
  const std::uint8_t mode = input.u8();
  Question question;
  question.name = input.name();
  question.type = static_cast<Type>(input.u16());
  const Name zone = question.name.suffix(input.u8() & 7u);
  std::vector<std::uint8_t> message(messageHeaderSize);
  const ByteSpan rest = input.rest();
  if ((mode & 2) != 0) {
    message.assign(rest.begin(), rest.end());
  } else if (rest.size() >= 8) {
    std::copy_n(rest.begin(), 2, message.begin() + 2);
    message[5] = 1;
    std::copy_n(rest.begin() + 2, 6, message.begin() + 6);
    const ByteSpan name = question.name.wire();
    message.insert(message.end(), name.begin(), name.end());
    message.insert(message.end(), {0, 1, 0, 1});
    message.insert(message.end(), rest.begin() + 8, rest.end());
  }
  if (message.size() > maxMessageSize) message.resize(maxMessageSize);
  const auto view = MessageView::parse(message);
  if (!view) return 0;
  const bool forwarded = (mode & 1) != 0;
  judge(*view, zone, question, forwarded);
  // Which of many servers are taken is random, so the pool grows with some runs of an input and not with others. That
  // looks like a leak where it keeps what it has.
  LocalPool::trim();
  return 0;
}

}  // namespace scrubber_fuzz
