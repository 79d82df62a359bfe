#include "taut/recursor/scrubber.hpp"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "recursor/reply_text.hpp"
#include "support/packet.hpp"
#include "taut/dns/message_view.hpp"

namespace scrubber_test {

namespace {

using taut::ByteSpan;
using taut::MessageView;
using taut::Name;
using taut::NameView;
using taut::Packet;
using taut::Rcode;
using taut::ReplyText;
using taut::Scrubbed;
using taut::ScrubbedRRset;
using taut::Scrubber;
using taut::Section;
using taut::TrustGrade;
using taut::Type;
using Asked = Scrubber::Asked;
using Fault = Scrubbed::Fault;
using Kind = Scrubbed::Kind;

constexpr std::uint16_t referring = taut::flag::QR;
constexpr std::uint16_t authoritative = taut::flag::QR | taut::flag::AA;
constexpr std::uint16_t resolving = taut::flag::QR | taut::flag::RA;

constexpr const char* soa = "example.com. 60 SOA ns.example.com. admin.example.com. 1 2 3 4 5";

Scrubbed scrubOctets(ByteSpan octets, const char* zone, const char* name, Type type, Asked asked = Asked::authority) {
  const auto view = MessageView::parse(octets);
  REQUIRE(view);
  const Name zoneName(zone);
  const Name asking(name);
  return Scrubber().scrub(*view, zoneName, {asking, type}, asked);
}

Scrubbed scrub(const ReplyText& reply, const char* zone, const char* name, Type type, Asked asked = Asked::authority) {
  return scrubOctets(reply.octets(), zone, name, type, asked);
}

// Each RRset as section, owner, type, number of records and of signatures: "!www.example.com. A 1+1".
std::string describe(const Scrubbed& scrubbed) {
  std::string text;
  for (const ScrubbedRRset& taken : scrubbed.rrsets()) {
    text += text.empty() ? "" : ", ";
    text += "!?+"[static_cast<std::size_t>(taken.section)];
    text += taken.rrset.owner.toString() + ' ' + toString(taken.rrset.type) + ' ' + std::to_string(taken.rrset.count);
    if (taken.signatures.count > 0) text += '+' + std::to_string(taken.signatures.count);
    if (taken.synthesised) text += " made";
  }
  return text;
}

std::set<std::string> hosts(const Scrubbed& scrubbed) {
  std::set<std::string> names;
  const ScrubbedRRset* const servers = scrubbed.find(Section::authority, Type::NS);
  if (!servers) return names;
  for (const ByteSpan rdata : servers->rrset) names.insert(NameView::fromWire(rdata)->toString());
  return names;
}

}  // namespace

TEST_CASE("an answer is the RRset asked for, with its signatures and the smallest TTL") {
  ReplyText reply("www.example.com.", Type::A);
  reply.answer("www.example.com. 60 A 192.0.2.1").answer("WWW.example.com. 30 A 192.0.2.2");
  reply.signedAnswer("www.example.com.", Type::A, "example.com.");
  const Scrubbed scrubbed = scrub(reply, "example.com.", "www.example.com.", Type::A);
  CHECK(scrubbed.kind() == Kind::answer);
  CHECK(scrubbed.fault() == Fault::none);
  CHECK(scrubbed.name() == Name("www.example.com."));
  CHECK(describe(scrubbed) == "!www.example.com. A 2+1");
  CHECK(scrubbed.rrsets()[0].rrset.ttl == 30);
  CHECK(scrubbed.rrsets()[0].grade == TrustGrade::answer);
}

TEST_CASE("a record that is there twice is kept once") {
  ReplyText reply("www.example.com.", Type::A);
  for (int i = 0; i < 3; ++i) reply.answer("www.example.com. 60 A 192.0.2.1");
  CHECK(describe(scrub(reply, "example.com.", "www.example.com.", Type::A)) == "!www.example.com. A 1");
}

TEST_CASE("what an answer says of other names and types is dropped") {
  ReplyText reply("www.example.com.", Type::A);
  reply.answer("www.example.com. 60 A 192.0.2.1").answer("www.example.com. 60 TXT x");
  reply.answer("other.example.com. 60 A 192.0.2.66").answer("www.bank.example. 60 A 192.0.2.66");
  reply.signedAnswer("other.example.com.", Type::A, "example.com.");
  CHECK(describe(scrub(reply, "example.com.", "www.example.com.", Type::A)) == "!www.example.com. A 1");
}

TEST_CASE("NS records beside an answer never become a delegation") {
  ReplyText reply("www.example.com.", Type::A);
  reply.answer("www.example.com. 60 A 192.0.2.1");
  reply.authority("example.com. 60 NS evil.example.net.").authority("com. 60 NS evil.example.net.");
  reply.additional("evil.example.net. 60 A 192.0.2.66").additional("ns.example.com. 60 A 192.0.2.66");
  const Scrubbed scrubbed = scrub(reply, "example.com.", "www.example.com.", Type::A);
  CHECK(scrubbed.kind() == Kind::answer);
  CHECK(describe(scrubbed) == "!www.example.com. A 1");
}

TEST_CASE("a DNAME in the authority section changes nothing") {
  ReplyText reply("www.example.com.", Type::A);
  reply.answer("www.example.com. 60 A 192.0.2.1").authority("example.com. 60 DNAME evil.example.net.");
  CHECK(describe(scrub(reply, "example.com.", "www.example.com.", Type::A)) == "!www.example.com. A 1");
}

TEST_CASE("the proofs that a wildcard answer needs are kept, signed and in the zone") {
  ReplyText reply("www.example.com.", Type::A);
  reply.answer("www.example.com. 60 A 192.0.2.1");
  reply.authority("a.example.com. 60 NSEC z.example.com. A").signedAuthority("a.example.com.", Type::NSEC, "com.");
  reply.authority("b.example.com. 60 NSEC z.example.com. A");
  reply.authority("a.example.net. 60 NSEC z.example.net. A").signedAuthority("a.example.net.", Type::NSEC, "net.");
  CHECK(describe(scrub(reply, "example.com.", "www.example.com.", Type::A)) ==
        "!www.example.com. A 1, ?a.example.com. NSEC 1+1");
}

TEST_CASE("of NSEC and NSEC3 RRsets no more than eight are kept") {
  ReplyText reply("www.example.com.", Type::A, authoritative, Rcode::NXDOMAIN);
  reply.authority(soa);
  for (int i = 0; i < 40; ++i) {
    const std::string owner = fmt::format("n{}.example.com.", i);
    reply.authority(owner + " 60 NSEC z.example.com. A").signedAuthority(owner, Type::NSEC, "example.com.");
  }
  CHECK(scrub(reply, "example.com.", "www.example.com.", Type::A).rrsets().size() == 1 + taut::maxProofs);
}

TEST_CASE("an alias whose target is in another zone is to be asked for, and its data is dropped") {
  ReplyText reply("www.example.com.", Type::A);
  reply.answer("www.example.com. 60 CNAME www.example.net.").answer("www.example.net. 60 A 192.0.2.66");
  const Scrubbed scrubbed = scrub(reply, "example.com.", "www.example.com.", Type::A);
  CHECK(scrubbed.kind() == Kind::alias);
  CHECK(scrubbed.name() == Name("www.example.net."));
  CHECK(scrubbed.links() == 1);
  CHECK(describe(scrubbed) == "!www.example.com. CNAME 1");
}

TEST_CASE("an alias within the zone is followed, and only its own record is graded as authoritative") {
  ReplyText reply("www.example.com.", Type::A);
  reply.answer("www.example.com. 60 CNAME a.example.com.").answer("a.example.com. 60 A 192.0.2.1");
  const Scrubbed scrubbed = scrub(reply, "example.com.", "www.example.com.", Type::A);
  CHECK(scrubbed.kind() == Kind::answer);
  CHECK(scrubbed.name() == Name("a.example.com."));
  CHECK(describe(scrubbed) == "!www.example.com. CNAME 1, !a.example.com. A 1");
  CHECK(scrubbed.rrsets()[0].grade == TrustGrade::answer);
  CHECK(scrubbed.rrsets()[1].grade == TrustGrade::answerNonAuthoritative);
}

TEST_CASE("an alias that comes without its target's data is to be asked for") {
  ReplyText reply("www.example.com.", Type::A);
  reply.answer("www.example.com. 60 CNAME a.b.example.com.").authority("b.example.com. 60 NS ns.b.example.com.");
  const Scrubbed scrubbed = scrub(reply, "example.com.", "www.example.com.", Type::A);
  CHECK(scrubbed.kind() == Kind::alias);
  CHECK(scrubbed.name() == Name("a.b.example.com."));
  CHECK(describe(scrubbed) == "!www.example.com. CNAME 1");
}

TEST_CASE("a negative reply after an alias is about the target") {
  for (const Rcode rcode : {Rcode::NOERROR, Rcode::NXDOMAIN}) {
    ReplyText reply("www.example.com.", Type::A, authoritative, rcode);
    reply.answer("www.example.com. 60 CNAME a.example.com.").authority(soa);
    const Scrubbed scrubbed = scrub(reply, "example.com.", "www.example.com.", Type::A);
    CHECK(scrubbed.kind() == (rcode == Rcode::NOERROR ? Kind::noData : Kind::nameError));
    CHECK(scrubbed.name() == Name("a.example.com."));
    CHECK(describe(scrubbed) == "!www.example.com. CNAME 1, ?example.com. SOA 1");
  }
}

TEST_CASE("aliases in a circle are told as such") {
  ReplyText reply("a.example.com.", Type::A);
  reply.answer("a.example.com. 60 CNAME b.example.com.").answer("b.example.com. 60 CNAME A.example.com.");
  CHECK(scrub(reply, "example.com.", "a.example.com.", Type::A).kind() == Kind::aliasLoop);
}

TEST_CASE("a chain of aliases is followed through eleven links of a reply and no further") {
  ReplyText reply("n0.example.com.", Type::A);
  for (int i = 0; i < 40; ++i) reply.answer(fmt::format("n{}.example.com. 60 CNAME n{}.example.com.", i, i + 1));
  reply.answer("n40.example.com. 60 A 192.0.2.1");
  const Scrubbed scrubbed = scrub(reply, "example.com.", "n0.example.com.", Type::A);
  CHECK(scrubbed.kind() == Kind::alias);
  CHECK(scrubbed.links() == taut::maxAliasLinks);
  CHECK(scrubbed.name() == Name("n11.example.com."));
}

TEST_CASE("two CNAME records of one name are garbage") {
  ReplyText reply("www.example.com.", Type::A);
  reply.answer("www.example.com. 60 CNAME a.example.com.").answer("www.example.com. 60 CNAME b.example.com.");
  for (const Type type : {Type::A, Type::CNAME}) {
    const Scrubbed scrubbed = scrub(reply, "example.com.", "www.example.com.", type);
    CHECK(scrubbed.kind() == Kind::garbage);
    CHECK(scrubbed.fault() == Fault::contradictory);
    CHECK(scrubbed.rrsets().empty());
  }
}

TEST_CASE("who asks for CNAME gets the alias and no more") {
  ReplyText reply("www.example.com.", Type::CNAME);
  reply.answer("www.example.com. 60 CNAME a.example.com.").answer("a.example.com. 60 A 192.0.2.1");
  const Scrubbed scrubbed = scrub(reply, "example.com.", "www.example.com.", Type::CNAME);
  CHECK(scrubbed.kind() == Kind::answer);
  CHECK(describe(scrubbed) == "!www.example.com. CNAME 1");
}

TEST_CASE("a DNAME gives the CNAME, whether the server sent that or not") {
  for (const bool sent : {false, true}) {
    ReplyText reply("www.a.example.com.", Type::A);
    reply.answer("a.example.com. 60 DNAME b.example.net.").signedAnswer("a.example.com.", Type::DNAME, "example.com.");
    if (sent) reply.answer("www.a.example.com. 0 CNAME www.b.example.net.");
    const Scrubbed scrubbed = scrub(reply, "example.com.", "www.a.example.com.", Type::A);
    CHECK(scrubbed.kind() == Kind::alias);
    CHECK(scrubbed.name() == Name("www.b.example.net."));
    CHECK(describe(scrubbed) == "!a.example.com. DNAME 1+1, !www.a.example.com. CNAME 1 made");
    CHECK(scrubbed.rrsets()[1].rrset.ttl == 60);
    CHECK(NameView::fromWire(scrubbed.rrsets()[1].rrset.front()) == scrubbed.name().view());
  }
}

TEST_CASE("who asks for CNAME below a DNAME gets what the DNAME gives") {
  ReplyText reply("www.a.example.com.", Type::CNAME);
  reply.answer("a.example.com. 60 DNAME b.example.net.").answer("www.a.example.com. 60 CNAME www.b.example.net.");
  const Scrubbed scrubbed = scrub(reply, "example.com.", "www.a.example.com.", Type::CNAME);
  CHECK(scrubbed.kind() == Kind::answer);
  CHECK(describe(scrubbed) == "!a.example.com. DNAME 1, !www.a.example.com. CNAME 1 made");
}

TEST_CASE("a CNAME that is not what its DNAME gives is garbage") {
  ReplyText reply("www.a.example.com.", Type::A);
  reply.answer("a.example.com. 60 DNAME b.example.net.").answer("www.a.example.com. 60 CNAME evil.example.net.");
  const Scrubbed scrubbed = scrub(reply, "example.com.", "www.a.example.com.", Type::A);
  CHECK(scrubbed.kind() == Kind::garbage);
  CHECK(scrubbed.fault() == Fault::contradictory);
}

TEST_CASE("a DNAME at the name itself, or above the zone asked, is not followed") {
  for (const char* const owner : {"www.example.com.", "com.", "."}) {
    ReplyText reply("www.example.com.", Type::A);
    reply.answer(std::string(owner) + " 60 DNAME evil.example.net.").authority(soa);
    const Scrubbed scrubbed = scrub(reply, "example.com.", "www.example.com.", Type::A);
    CHECK(scrubbed.kind() == Kind::noData);
    CHECK(describe(scrubbed) == "?example.com. SOA 1");
  }
}

TEST_CASE("of several DNAMEs above the name the highest counts") {
  ReplyText reply("www.b.a.example.com.", Type::A);
  reply.answer("b.a.example.com. 60 DNAME evil.example.net.").answer("a.example.com. 60 DNAME c.example.net.");
  CHECK(scrub(reply, "example.com.", "www.b.a.example.com.", Type::A).name() == Name("www.b.c.example.net."));
}

TEST_CASE("a chain that comes to a DNAME again ends there, so that no RRset is taken twice") {
  ReplyText reply("www.a.example.com.", Type::A);
  reply.answer("a.example.com. 60 DNAME b.a.example.com.");
  const Scrubbed scrubbed = scrub(reply, "example.com.", "www.a.example.com.", Type::A);
  CHECK(scrubbed.kind() == Kind::alias);
  CHECK(scrubbed.name() == Name("www.b.a.example.com."));
  CHECK(describe(scrubbed) == "!a.example.com. DNAME 1, !www.a.example.com. CNAME 1 made");
}

TEST_CASE("a DNAME that gives too long a name ends with YXDOMAIN") {
  const std::string label(60, 'x');
  const std::string target = label + '.' + label + '.' + label + '.' + label + '.';
  ReplyText reply("www.therein.a.example.com.", Type::A, authoritative, Rcode::YXDOMAIN);
  reply.answer("a.example.com. 60 DNAME " + target);
  const Scrubbed scrubbed = scrub(reply, "example.com.", "www.therein.a.example.com.", Type::A);
  CHECK(scrubbed.kind() == Kind::nameTooLong);
  CHECK(describe(scrubbed) == "!a.example.com. DNAME 1");
  ReplyText without("www.example.com.", Type::A, authoritative, Rcode::YXDOMAIN);
  CHECK(scrub(without, "example.com.", "www.example.com.", Type::A).kind() == Kind::failure);
}

TEST_CASE("an answer to ANY has each type of the name, at most a hundred") {
  ReplyText reply("www.example.com.", Type::ANY);
  reply.answer("www.example.com. 60 A 192.0.2.1").answer("www.example.com. 60 TXT x");
  reply.signedAnswer("www.example.com.", Type::A, "example.com.").answer("a.example.com. 60 A 192.0.2.66");
  CHECK(describe(scrub(reply, "example.com.", "www.example.com.", Type::ANY)) ==
        "!www.example.com. A 1+1, !www.example.com. TXT 1");
  for (int type = 0; type < 150; ++type) reply.answer(fmt::format("www.example.com. 60 TYPE{} \\# 1 00", 1000 + type));
  CHECK(scrub(reply, "example.com.", "www.example.com.", Type::ANY).rrsets().size() == taut::maxTypesOfName);
}

TEST_CASE("an RRset of more than 256 records is garbage") {
  ReplyText reply("www.example.com.", Type::A);
  for (int i = 0; i < 256; ++i) reply.answer(fmt::format("www.example.com. 60 A 192.0.2.{}", i));
  CHECK(scrub(reply, "example.com.", "www.example.com.", Type::A).rrsets()[0].rrset.count == 256);
  reply.answer("www.example.com. 60 A 192.0.3.1");
  const Scrubbed scrubbed = scrub(reply, "example.com.", "www.example.com.", Type::A);
  CHECK(scrubbed.kind() == Kind::garbage);
  CHECK(scrubbed.fault() == Fault::tooLarge);
}

TEST_CASE("an RRset of more than 64 KiB, which compression hides, is garbage") {
  Packet packet = Packet::header(authoritative, 1, 256);
  packet.question("www.example.com.");
  const std::string label(60, 'x');
  const std::size_t longName = packet.size() + 1 + 10;
  const Name target(label + '.' + label + '.' + label + '.' + label + '.');
  packet.u8(0).recordBody(Type::NS, target.wire());
  for (unsigned i = 1; i < 256; ++i) {
    Packet name;
    name.u8(9);
    for (int digit = 0; digit < 9; ++digit) name.u8('a' + (i >> digit & 1));
    name.pointer(longName);
    packet.u8(0).recordBody(Type::NS, name.span());
  }
  CHECK(scrubOctets(packet, ".", ".", Type::NS).fault() == Fault::tooLarge);
}

TEST_CASE("records of other classes are dropped") {
  Packet packet = Packet::header(authoritative, 1, 2);
  const std::vector<std::uint8_t> address(4, 1);
  packet.question("www.example.com.").name("www.example.com.").recordBody(Type::A, address, 60, 3);
  packet.record("www.example.com.", Type::A, address);
  CHECK(describe(scrubOctets(packet, "example.com.", "www.example.com.", Type::A)) == "!www.example.com. A 1");
}

TEST_CASE("what was kept of a reply lives on when it is moved") {
  ReplyText reply("www.example.com.", Type::A);
  reply.answer("www.example.com. 60 A 192.0.2.1");
  Scrubbed scrubbed = scrub(reply, "example.com.", "www.example.com.", Type::A);
  Scrubbed moved = std::move(scrubbed);
  scrubbed = Scrubbed();
  CHECK(describe(moved) == "!www.example.com. A 1");
  CHECK(moved.rrsets()[0].rrset.front()[3] == 1);
}

TEST_CASE("of the signatures over one RRset no more than eight are kept") {
  ReplyText reply("www.example.com.", Type::A);
  reply.answer("www.example.com. 60 A 192.0.2.1");
  for (int i = 0; i < 40; ++i) reply.signedAnswer("www.example.com.", Type::A, fmt::format("s{}.com.", i));
  CHECK(describe(scrub(reply, "example.com.", "www.example.com.", Type::A)) == "!www.example.com. A 1+8");
}

TEST_CASE("a referral is the cut below the zone, its DS records, and the addresses of its servers in the zone") {
  ReplyText reply("www.example.com.", Type::A, referring);
  reply.authority("example.com. 172800 NS ns1.example.com.").authority("example.com. 172800 NS ns.hoster.com.");
  reply.authority("example.com. 172800 NS ns.example.net.");
  reply.authority("example.com. 86400 DS 1 13 2 " + std::string(64, 'A'));
  reply.signedAuthority("example.com.", Type::DS, "com.");
  reply.additional("ns1.example.com. 172800 A 192.0.2.1").additional("ns1.example.com. 172800 AAAA 2001:db8::1");
  reply.additional("ns.hoster.com. 172800 A 192.0.2.2");
  reply.additional("ns.example.net. 172800 A 192.0.2.66").additional("www.bank.com. 172800 A 192.0.2.66");
  const Scrubbed scrubbed = scrub(reply, "com.", "www.example.com.", Type::A);
  CHECK(scrubbed.kind() == Kind::referral);
  CHECK(scrubbed.name() == Name("example.com."));
  CHECK(
      describe(scrubbed) ==
      "?example.com. NS 3, ?example.com. DS 1+1, +ns1.example.com. A 1, +ns1.example.com. AAAA 1, +ns.hoster.com. A 1");
  CHECK(scrubbed.find(Section::authority, Type::DS)->grade == TrustGrade::authority);
  CHECK(scrubbed.find(Section::authority, Type::NS)->grade == TrustGrade::authorityNonAuthoritative);
  CHECK(scrubbed.find(Section::additional, Type::A)->grade == TrustGrade::additional);
}

TEST_CASE("a referral without DS has the proof that there is none") {
  ReplyText reply("www.example.com.", Type::A, referring);
  reply.authority("example.com. 60 NS ns1.example.com.");
  reply.authority("example.com. 60 NSEC f.com. NS RRSIG NSEC").signedAuthority("example.com.", Type::NSEC, "com.");
  reply.additional("ns1.example.com. 60 A 192.0.2.1");
  CHECK(describe(scrub(reply, "com.", "www.example.com.", Type::A)) ==
        "?example.com. NS 1, ?example.com. NSEC 1+1, +ns1.example.com. A 1");
}

TEST_CASE("records of other branches in a referral are dropped") {
  ReplyText reply("www.example.com.", Type::A, referring);
  reply.authority("example.com. 60 NS ns1.example.com.").authority("bank.com. 60 NS ns1.example.com.");
  reply.authority("bank.com. 60 DS 1 13 2 " + std::string(64, 'A')).authority("com. 60 NS ns1.example.com.");
  reply.answer("www.bank.com. 60 A 192.0.2.66").additional("ns1.example.com. 60 A 192.0.2.1");
  CHECK(describe(scrub(reply, "com.", "www.example.com.", Type::A)) == "?example.com. NS 1, +ns1.example.com. A 1");
}

TEST_CASE("a referral is to one cut, the highest that leads to the name") {
  ReplyText reply("www.a.example.com.", Type::A, referring);
  reply.authority("a.example.com. 60 NS ns.evil.com.").authority("example.com. 60 NS ns1.example.com.");
  CHECK(describe(scrub(reply, "com.", "www.a.example.com.", Type::A)) == "?example.com. NS 1");
}

TEST_CASE("of very many name servers thirteen are kept, not always the same") {
  ReplyText reply("www.example.com.", Type::A, referring);
  for (int i = 0; i < 500; ++i) reply.authority(fmt::format("example.com. 60 NS ns{}.example.net.", i));
  std::set<std::string> seen;
  for (int i = 0; i < 20; ++i) {
    const Scrubbed scrubbed = scrub(reply, "com.", "www.example.com.", Type::A);
    CHECK(scrubbed.kind() == Kind::referral);
    CHECK(hosts(scrubbed).size() == taut::maxNameServers);
    seen.merge(hosts(scrubbed));
  }
  CHECK(seen.size() > taut::maxNameServers);
}

TEST_CASE("of one name server's addresses six are kept, of both families together") {
  ReplyText reply("www.example.com.", Type::A, referring);
  reply.authority("example.com. 60 NS ns1.example.com.");
  for (int i = 0; i < 5; ++i) reply.additional(fmt::format("ns1.example.com. 60 A 192.0.2.{}", i));
  for (int i = 0; i < 5; ++i) reply.additional(fmt::format("ns1.example.com. 60 AAAA 2001:db8::{}", i));
  CHECK(describe(scrub(reply, "com.", "www.example.com.", Type::A)) ==
        "?example.com. NS 1, +ns1.example.com. A 5, +ns1.example.com. AAAA 1");
}

TEST_CASE("addresses that no name server has are dropped") {
  ReplyText reply("www.example.com.", Type::A, referring);
  reply.authority("example.com. 60 NS ns1.example.com.");
  for (const char* const address : {"0.0.0.0", "127.0.0.1", "169.254.1.1", "224.0.0.1", "255.255.255.255"})
    reply.additional(std::string("ns1.example.com. 60 A ") + address);
  for (const char* const address : {"::", "::1", "fe80::1", "ff02::1", "::ffff:192.0.2.1"})
    reply.additional(std::string("ns1.example.com. 60 AAAA ") + address);
  CHECK(describe(scrub(reply, "com.", "www.example.com.", Type::A)) == "?example.com. NS 1");
  taut::AddressPolicy policy;
  const auto octets = reply.octets();
  const Name zone("com.");
  const Name name("www.example.com.");
  const Scrubbed all = Scrubber(policy).scrub(*MessageView::parse(octets), zone, {name, Type::A});
  CHECK(describe(all) == "?example.com. NS 1, +ns1.example.com. A 5, +ns1.example.com. AAAA 1");
}

TEST_CASE("a server that refers to the zone itself or above it is lame") {
  for (const char* const owner : {"example.com.", "com.", ".", "example.net.", "other.example.com."}) {
    ReplyText reply("www.example.com.", Type::A, referring);
    reply.authority(std::string(owner) + " 60 NS ns.example.org.");
    const Scrubbed scrubbed = scrub(reply, "example.com.", "www.example.com.", Type::A);
    CHECK(scrubbed.kind() == Kind::lame);
    CHECK(scrubbed.fault() == Fault::upward);
    CHECK(scrubbed.rrsets().empty());
  }
}

TEST_CASE("a question for DS is not answered by a referral to the very zone, but by one above it") {
  ReplyText child("example.com.", Type::DS, referring);
  child.authority("example.com. 60 NS ns.example.com.");
  CHECK(scrub(child, "com.", "example.com.", Type::DS).kind() == Kind::lame);
  ReplyText parent("example.com.", Type::DS, referring);
  parent.authority("com. 60 NS ns.example.com.");
  CHECK(scrub(parent, ".", "example.com.", Type::DS).kind() == Kind::referral);
}

TEST_CASE("a negative reply has the SOA of the zone, or of one below it that the server serves too") {
  for (const char* const owner : {"example.com.", "a.example.com."}) {
    for (const Rcode rcode : {Rcode::NOERROR, Rcode::NXDOMAIN}) {
      ReplyText reply("www.a.example.com.", Type::A, authoritative, rcode);
      reply.authority(std::string(owner) + " 60 SOA ns. admin. 1 2 3 4 5")
          .authority("com. 60 SOA ns. admin. 1 2 3 4 5");
      reply.authority("example.com. 60 NS ns.example.com.").additional("ns.example.com. 60 A 192.0.2.66");
      const Scrubbed scrubbed = scrub(reply, "example.com.", "www.a.example.com.", Type::A);
      CHECK(scrubbed.kind() == (rcode == Rcode::NOERROR ? Kind::noData : Kind::nameError));
      CHECK(describe(scrubbed) == '?' + std::string(owner) + " SOA 1");
      CHECK(scrubbed.rrsets()[0].grade == TrustGrade::authority);
    }
  }
}

TEST_CASE("a denial by the SOA of a zone above, or beside, makes the server lame") {
  for (const char* const owner : {"com.", ".", "b.example.com."}) {
    for (const Rcode rcode : {Rcode::NOERROR, Rcode::NXDOMAIN}) {
      ReplyText reply("www.a.example.com.", Type::A, authoritative, rcode);
      reply.authority(std::string(owner) + " 60 SOA ns. admin. 1 2 3 4 5");
      const Scrubbed scrubbed = scrub(reply, "example.com.", "www.a.example.com.", Type::A);
      CHECK(scrubbed.kind() == Kind::lame);
      CHECK(scrubbed.fault() == Fault::upward);
    }
  }
}

TEST_CASE("an empty reply denies with AA, and without it the server is lame") {
  CHECK(scrub(ReplyText("www.example.com.", Type::A), "example.com.", "www.example.com.", Type::A).kind() ==
        Kind::noData);
  const ReplyText without("www.example.com.", Type::A, referring);
  const Scrubbed scrubbed = scrub(without, "example.com.", "www.example.com.", Type::A);
  CHECK(scrubbed.kind() == Kind::lame);
  CHECK(scrubbed.fault() == Fault::notAuthoritative);
}

TEST_CASE("what a resolver got elsewhere is no answer of an authority") {
  ReplyText answer("www.example.com.", Type::A, resolving);
  answer.answer("www.example.com. 60 A 192.0.2.1");
  ReplyText alias("www.example.com.", Type::A, resolving);
  alias.answer("www.example.com. 60 CNAME www.example.net.");
  ReplyText negative("www.example.com.", Type::A, resolving);
  negative.authority(soa);
  const ReplyText empty("www.example.com.", Type::A, resolving);
  for (const ReplyText& reply : {answer, alias, negative, empty}) {
    const Scrubbed scrubbed = scrub(reply, "example.com.", "www.example.com.", Type::A);
    CHECK(scrubbed.kind() == Kind::lame);
    CHECK(scrubbed.fault() == Fault::recursive);
  }
}

TEST_CASE("an answer without AA is taken from a server that does not resolve, and graded lower") {
  ReplyText reply("www.example.com.", Type::A, referring);
  reply.answer("www.example.com. 60 A 192.0.2.1");
  const Scrubbed scrubbed = scrub(reply, "example.com.", "www.example.com.", Type::A);
  CHECK(scrubbed.kind() == Kind::answer);
  CHECK(scrubbed.rrsets()[0].grade == TrustGrade::answerNonAuthoritative);
}

TEST_CASE("data of a name that does not exist is garbage") {
  ReplyText reply("www.example.com.", Type::A, authoritative, Rcode::NXDOMAIN);
  reply.answer("www.example.com. 60 A 192.0.2.1");
  CHECK(scrub(reply, "example.com.", "www.example.com.", Type::A).fault() == Fault::contradictory);
}

TEST_CASE("an RCODE says that a server is lame, or that it failed, with the bits that OPT has") {
  const auto judged = [](Rcode rcode, std::uint32_t opt) {
    ReplyText reply("www.example.com.", Type::A, authoritative, rcode);
    reply.answer("www.example.com. 60 A 192.0.2.1").opt(opt);
    return scrub(reply, "example.com.", "www.example.com.", Type::A);
  };
  CHECK(judged(Rcode::REFUSED, 0).kind() == Kind::lame);
  CHECK(judged(Rcode::NOTAUTH, 0).kind() == Kind::lame);
  for (const Rcode rcode : {Rcode::FORMERR, Rcode::SERVFAIL, Rcode::NOTIMP, Rcode::YXRRSET}) {
    CHECK(judged(rcode, 0).kind() == Kind::failure);
    CHECK(judged(rcode, 0).rrsets().empty());
  }
  CHECK(judged(Rcode::NOERROR, 0).kind() == Kind::answer);
  const Scrubbed badVersion = judged(Rcode::NOERROR, 0x01000000);
  CHECK(badVersion.kind() == Kind::failure);
  CHECK(badVersion.rcode() == Rcode::BADVERS);
}

TEST_CASE("the root's own servers come with their addresses in the reply to a priming query") {
  ReplyText reply(".", Type::NS);
  reply.answer(". 518400 NS a.root-servers.net.").answer(". 518400 NS b.root-servers.net.");
  reply.additional("a.root-servers.net. 518400 A 192.0.2.1").additional("b.root-servers.net. 518400 A 192.0.2.2");
  CHECK(describe(scrub(reply, ".", ".", Type::NS)) == "!. NS 2, +a.root-servers.net. A 1, +b.root-servers.net. A 1");
  ReplyText other("example.com.", Type::NS);
  other.answer("example.com. 60 NS ns.example.com.").additional("ns.example.com. 60 A 192.0.2.1");
  CHECK(describe(scrub(other, "example.com.", "example.com.", Type::NS)) == "!example.com. NS 1");
}

TEST_CASE("of very many servers of the root addresses of thirteen are kept") {
  ReplyText reply(".", Type::NS);
  for (int i = 0; i < 200; ++i) {
    reply.answer(fmt::format(". 60 NS n{}.net.", i)).additional(fmt::format("n{}.net. 60 A 192.0.2.{}", i, i));
  }
  CHECK(scrub(reply, ".", ".", Type::NS).rrsets().size() == 1 + taut::maxNameServers);
}

TEST_CASE("a forwarder is believed about its zone without AA, and about nothing above or beside it") {
  ReplyText reply("www.example.com.", Type::A, resolving);
  reply.answer("www.example.com. 60 CNAME www.corp.example.com.").answer("www.corp.example.com. 60 A 192.0.2.1");
  reply.authority("com. 60 NS evil.example.com.").authority("example.com. 60 NS evil.example.com.");
  const Scrubbed scrubbed = scrub(reply, "example.com.", "www.example.com.", Type::A, Asked::forwarder);
  CHECK(scrubbed.kind() == Kind::answer);
  CHECK(describe(scrubbed) == "!www.example.com. CNAME 1, !www.corp.example.com. A 1");
  ReplyText outside("www.example.com.", Type::A, resolving);
  outside.answer("www.example.com. 60 CNAME www.bank.net.").answer("www.bank.net. 60 A 192.0.2.66");
  CHECK(describe(scrub(outside, "example.com.", "www.example.com.", Type::A, Asked::forwarder)) ==
        "!www.example.com. CNAME 1");
  CHECK(describe(scrub(outside, ".", "www.example.com.", Type::A, Asked::forwarder)) ==
        "!www.example.com. CNAME 1, !www.bank.net. A 1");
}

TEST_CASE("a forwarder's answer may bring the addresses of the names that it refers to") {
  ReplyText reply("example.com.", Type::MX, resolving);
  reply.answer("example.com. 60 MX 10 mail.example.com.").additional("mail.example.com. 60 A 192.0.2.1");
  reply.additional("www.example.com. 60 A 192.0.2.66");
  CHECK(describe(scrub(reply, ".", "example.com.", Type::MX, Asked::forwarder)) ==
        "!example.com. MX 1, +mail.example.com. A 1");
  CHECK(scrub(reply, ".", "example.com.", Type::MX).kind() == Kind::lame);
}

TEST_CASE("a forwarder's denial from above its zone is believed without its SOA") {
  for (const Rcode rcode : {Rcode::NOERROR, Rcode::NXDOMAIN}) {
    ReplyText reply("www.corp.example.com.", Type::A, resolving, rcode);
    reply.authority(soa);
    const Scrubbed scrubbed = scrub(reply, "corp.example.com.", "www.corp.example.com.", Type::A, Asked::forwarder);
    CHECK(scrubbed.kind() == (rcode == Rcode::NOERROR ? Kind::noData : Kind::nameError));
    CHECK(describe(scrubbed) == "");
    const Scrubbed ofAll = scrub(reply, ".", "www.corp.example.com.", Type::A, Asked::forwarder);
    CHECK(describe(ofAll) == "?example.com. SOA 1");
  }
}

TEST_CASE("a forwarder that refers to other servers is lame") {
  ReplyText reply("www.example.com.", Type::A, resolving);
  reply.authority("example.com. 60 NS ns.example.com.");
  CHECK(scrub(reply, ".", "www.example.com.", Type::A, Asked::forwarder).kind() == Kind::lame);
}

TEST_CASE("a message that does not parse to its end is garbage") {
  ReplyText reply("www.example.com.", Type::A);
  reply.answer("www.example.com. 60 A 192.0.2.1");
  auto octets = reply.octets();
  octets.pop_back();
  CHECK(scrubOctets(octets, "example.com.", "www.example.com.", Type::A).fault() == Fault::malformed);
  Packet packet = Packet::header(authoritative, 1, 1);
  packet.question("www.example.com.").record("www.example.com.", Type::A, std::vector<std::uint8_t>(5));
  CHECK(scrubOctets(packet, "example.com.", "www.example.com.", Type::A).fault() == Fault::malformed);
}

TEST_CASE("a truncated reply is garbage, whatever it has") {
  ReplyText reply("www.example.com.", Type::A, authoritative | taut::flag::TC);
  reply.answer("www.example.com. 60 A 192.0.2.1");
  CHECK(scrub(reply, "example.com.", "www.example.com.", Type::A).fault() == Fault::truncated);
}

TEST_CASE("two OPT records are garbage") {
  ReplyText reply("www.example.com.", Type::A);
  reply.opt(0).opt(0);
  CHECK(scrub(reply, "example.com.", "www.example.com.", Type::A).fault() == Fault::malformed);
}

TEST_CASE("owners that compression makes large are garbage before they take much memory") {
  Packet packet = Packet::header(authoritative, 1, 4000);
  packet.question("www.example.com.");
  const std::size_t longName = packet.size();
  const std::string label(61, 'x');
  packet.name(label + '.' + label + '.' + label + '.' + label + '.').recordBody(Type::A, std::vector<std::uint8_t>(4));
  for (int i = 1; i < 4000; ++i)
    packet.label(i % 2 == 0 ? "a" : "b").pointer(longName).recordBody(Type::A, std::vector<std::uint8_t>(0));
  const ByteSpan octets = packet;
  REQUIRE(octets.size() < 65536);
  CHECK(scrubOctets(octets, "example.com.", "www.example.com.", Type::A).fault() == Fault::tooLarge);
}

}  // namespace scrubber_test
