#include "taut/zone/update_message.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "support/packet.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/dns/rdata_text.hpp"
#include "taut/zone/zone_builder.hpp"
#include "taut/zone/zone_update.hpp"
#include "update_messages.hpp"
#include "zone_text.hpp"

namespace update_message_test {

using namespace taut;
using namespace taut::test;

namespace {

using Texts = std::vector<std::string>;

Octets octetsOf(std::string_view hex) {
  Octets octets;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    octets.push_back(static_cast<std::uint8_t>(std::stoul(std::string(hex.substr(i, 2)), nullptr, 16)));
  return octets;
}

UpdateMessage messageOf(const Octets& octets) {
  auto message = UpdateMessage::read(octets);
  REQUIRE_MESSAGE(message.ok(), message.error().reason);
  return std::move(*message);
}

Rcode rcodeOf(const Result<void, UpdateFailure>& result) {
  if (result.ok()) return Rcode::NOERROR;
  CHECK(!result.error().reason.empty());
  return result.error().rcode;
}
Rcode rcodeOfRead(ByteSpan octets) {
  const auto message = UpdateMessage::read(octets);
  return message.ok() ? Rcode::NOERROR : message.error().rcode;
}
Rcode rcodeOfRead(Packet packet) {
  return rcodeOfRead(ByteSpan(packet.data(), packet.size()));
}

constexpr std::string_view body =
    "a A 192.0.2.2\na A 192.0.2.3\na TXT x\nb MX 10 Mail\nc.ent A 192.0.2.4\nalias CNAME a\n"
    "sub NS ns.sub\nns.sub A 192.0.2.5\n";

Rcode prerequisite(const Records& records) {
  return rcodeOf(messageOf(updateOf(records, {})).checkPrerequisites(*zoneOf(body)));
}

Rcode prescan(const Records& records) {
  return rcodeOf(messageOf(updateOf({}, records)).prescan());
}

void addTexts(char sign, const RecordList& list, Texts& texts) {
  for (const ZoneRecord& record : list) {
    if (record.type == Type::SOA) continue;
    fmt::memory_buffer text;
    printRdata(record.type, record.rdata, text);
    texts.push_back(fmt::format("{}{} {} {} {}", sign, record.owner, record.ttl, record.type, fmt::to_string(text)));
  }
}

// What the updates change: the records that go and those that come, and the serial where it is not the next one or all
// that changes.
Texts changesOf(const Octets& octets, std::string_view zoneBody = body) {
  const UpdateMessage message = messageOf(octets);
  CHECK(rcodeOf(message.prescan()) == Rcode::NOERROR);
  const auto zone = zoneOf(zoneBody);
  const auto update = updateZone(zone, message.changeOf(*zone), Serial(zone->serial()));
  REQUIRE_MESSAGE(update.ok(), update.error());
  Texts texts;
  if (!update->difference) return texts;
  addTexts('-', update->difference->removed(), texts);
  addTexts('+', update->difference->added(), texts);
  if (texts.empty() || update->zone->serial() != zone->serial() + 1)
    texts.push_back(fmt::format("serial {}", update->zone->serial()));
  return texts;
}
Texts changesOf(const Records& updates, std::string_view zoneBody = body) {
  return changesOf(updateOf({}, updates), zoneBody);
}

TransferRecord cname(std::string_view owner, std::string_view target) {
  return recordOf(owner, rdata::CNAME(Name(target)));
}
TransferRecord wks(std::uint8_t last, std::uint8_t protocol, std::uint8_t bits) {
  return {Name("w.example."), Type::WKS, {192, 0, 2, last, protocol, bits}};
}

// Made by the update class of dnspython 2.3.0.
constexpr std::string_view allByDnspython =
    "000728000001000600050000076578616d706c6500000600010161c00c00ff00ff000000000000c019000100ff000000000000c01900010001"
    "0"
    "00000000004c0000202c01900010001000000000004c0000203036e6577c00c00ff00fe000000000000c019001000fe000000000000c053000"
    "f"
    "00010000012c0009000a046d61696cc00cc053001000010000012c000504746578740162c00c00ff00ff000000000000c019000100fe000000"
    "0"
    "00004c00002030163c00c001000ff000000000000";
constexpr std::string_view replacingByDnspython =
    "000728000001000000050000076578616d706c6500000600010161c00c000100ff000000000000c019000100010000003c0004c0000209c00c"
    "00"
    "0600ff000000000000c00c000600010000012c0027036e7331c00c0a686f73746d6173746572c00c0000001400000001000000020000000300"
    "00"
    "000405616c696173c00c000500010000012c0002c019";
constexpr std::string_view signedByDnspython =
    "000728000001000000010002076578616d706c650000060001016ec00c000100010000012c0004c000020700002904d0000000000000016b00"
    "00"
    "fa00ff00000000003d0b686d61632d7368613235360000006b0a39e1012c0020576f43a4f9e83dd2966624a4839ca7a92daed122daa2822213"
    "04"
    "026402d628f7492c00000000";
constexpr std::string_view emptyByDnspython = "000728000001000000000000076578616d706c650000060001";

}  // namespace

TEST_CASE("an update of every form is read, checked and made a change") {
  const UpdateMessage message = messageOf(octetsOf(allByDnspython));
  CHECK(message.zone() == Name("example."));
  CHECK(message.rrClass() == Class::IN);
  CHECK(message.prerequisites().size() == 6);
  CHECK(message.updates().size() == 5);
  CHECK(message.updates()[0].owner == Name("new.example."));
  CHECK(message.updates()[0].type == Type::MX);
  CHECK(message.updates()[0].ttl == 300);
  const auto zone = zoneOf("a A 192.0.2.3\na A 192.0.2.2\nb A 192.0.2.4\nb TXT x\nc TXT x\nc TXT y\nc A 192.0.2.6\n");
  CHECK(rcodeOf(message.checkPrerequisites(*zone)) == Rcode::NOERROR);
  CHECK(changesOf(octetsOf(allByDnspython),
                  "a A 192.0.2.3\na A 192.0.2.2\nb A 192.0.2.4\nb TXT x\nc TXT x\nc TXT y\nc A 192.0.2.6\n") ==
        Texts{"-a.example. 300 A 192.0.2.3", "-b.example. 300 A 192.0.2.4", "-b.example. 300 TXT \"x\"",
              "-c.example. 300 TXT \"x\"", "-c.example. 300 TXT \"y\"", "+new.example. 300 MX 10 mail.example.",
              "+new.example. 300 TXT \"text\""});
}

TEST_CASE("replaced records and a newer SOA are a change") {
  CHECK(changesOf(octetsOf(replacingByDnspython), "a A 192.0.2.2\nalias CNAME old\n") ==
        Texts{"-a.example. 300 A 192.0.2.2", "-alias.example. 300 CNAME old.example.", "+a.example. 60 A 192.0.2.9",
              "+alias.example. 300 CNAME a.example.", "serial 20"});
}

TEST_CASE("OPT and TSIG in the additional section are no part of an update") {
  CHECK(changesOf(octetsOf(signedByDnspython)) == Texts{"+n.example. 300 A 192.0.2.7"});
}

TEST_CASE("an update without a record is carried out and changes nothing") {
  const UpdateMessage message = messageOf(octetsOf(emptyByDnspython));
  CHECK(rcodeOf(message.checkPrerequisites(*zoneOf(""))) == Rcode::NOERROR);
  CHECK(changesOf(octetsOf(emptyByDnspython)).empty());
}

TEST_CASE("a message of another opcode is NOTIMP") {
  CHECK(rcodeOfRead(Packet::header(0, 1).question("example.", Type::SOA)) == Rcode::NOTIMP);
  CHECK(rcodeOfRead(Packet::header(4 << 11, 1).question("example.", Type::SOA)) == Rcode::NOTIMP);
}

TEST_CASE("a zone section that is not one SOA question of one class is FORMERR") {
  CHECK(rcodeOfRead(Packet::header(updateFlags, 1).question("example.", Type::SOA)) == Rcode::NOERROR);
  CHECK(rcodeOfRead(Packet::header(updateFlags, 0)) == Rcode::FORMERR);
  CHECK(rcodeOfRead(Packet::header(updateFlags, 1)) == Rcode::FORMERR);
  CHECK(rcodeOfRead(Packet::header(updateFlags, 1).question("example.", Type::A)) == Rcode::FORMERR);
  CHECK(rcodeOfRead(Packet::header(updateFlags, 1).question("example.", Type::SOA, Class::ANY)) == Rcode::FORMERR);
  CHECK(rcodeOfRead(Packet::header(updateFlags, 1).question("example.", Type::SOA, Class::NONE)) == Rcode::FORMERR);
  CHECK(rcodeOfRead(Packet::header(updateFlags, 2).question("example.", Type::SOA).question("example.", Type::SOA)) ==
        Rcode::FORMERR);
}

TEST_CASE("a response, and octets that are no message, are FORMERR") {
  CHECK(rcodeOfRead(Packet::header(updateFlags | flag::QR, 1).question("example.", Type::SOA)) == Rcode::FORMERR);
  CHECK(rcodeOfRead(ByteSpan()) == Rcode::FORMERR);
}

TEST_CASE("a message that breaks off anywhere is FORMERR") {
  for (const std::string_view hex : {allByDnspython, replacingByDnspython, signedByDnspython}) {
    const Octets octets = octetsOf(hex);
    for (std::size_t size = 12; size < octets.size(); ++size)
      CHECK_MESSAGE(rcodeOfRead(ByteSpan(octets).first(size)) == Rcode::FORMERR, size);
  }
}

TEST_CASE("RDATA that is none of its type is FORMERR, where a record has RDATA") {
  const TransferRecord bad{Name("a.example."), Type::A, {1, 2, 3}};
  CHECK(rcodeOfRead(updateOf({}, {bad})) == Rcode::FORMERR);
  CHECK(rcodeOfRead(updateOf({}, {ofNone(bad)})) == Rcode::FORMERR);
  CHECK(rcodeOfRead(updateOf({withTtl(bad, 0)}, {})) == Rcode::FORMERR);
}

TEST_CASE("an update of another zone, or of another class, is NOTAUTH") {
  const UpdateMessage message = messageOf(updateOf({}, {}));
  const ZoneLoad other = parseZone("$ORIGIN example.net.\n@ 1 SOA a a 1 1 1 1 1\n@ 1 NS a.\n", Name("example.net."));
  REQUIRE(other.ok());
  CHECK(rcodeOf(message.checkPrerequisites(*other.zone)) == Rcode::NOTAUTH);
  CHECK(rcodeOf(message.checkPrerequisites(*Zone::notLoaded(Name("example."), Class::CH))) == Rcode::NOTAUTH);
}

TEST_CASE("an update of a zone that is not loaded is SERVFAIL") {
  CHECK(rcodeOf(messageOf(updateOf({}, {})).checkPrerequisites(*Zone::notLoaded(Name("example.")))) == Rcode::SERVFAIL);
}

// Section 2.4, row by row.

TEST_CASE("prerequisite ANY ANY: the name is in use, else NXDOMAIN") {
  CHECK(prerequisite({ofAny("a.example.", Type::ANY)}) == Rcode::NOERROR);
  CHECK(prerequisite({ofAny("A.Example.", Type::ANY)}) == Rcode::NOERROR);
  CHECK(prerequisite({ofAny("ns.sub.example.", Type::ANY)}) == Rcode::NOERROR);
  CHECK(prerequisite({ofAny("none.example.", Type::ANY)}) == Rcode::NXDOMAIN);
  CHECK(prerequisite({ofAny("ent.example.", Type::ANY)}) == Rcode::NXDOMAIN);
}

TEST_CASE("prerequisite ANY with a type: the RRset is there, else NXRRSET") {
  CHECK(prerequisite({ofAny("a.example.", Type::A)}) == Rcode::NOERROR);
  CHECK(prerequisite({ofAny("a.example.", Type::MX)}) == Rcode::NXRRSET);
  CHECK(prerequisite({ofAny("none.example.", Type::A)}) == Rcode::NXRRSET);
  CHECK(prerequisite({ofAny("alias.example.", Type::A)}) == Rcode::NXRRSET);
}

TEST_CASE("prerequisite NONE ANY: the name is not in use, else YXDOMAIN") {
  CHECK(prerequisite({ofNone("none.example.", Type::ANY)}) == Rcode::NOERROR);
  CHECK(prerequisite({ofNone("ent.example.", Type::ANY)}) == Rcode::NOERROR);
  CHECK(prerequisite({ofNone("a.example.", Type::ANY)}) == Rcode::YXDOMAIN);
}

TEST_CASE("prerequisite NONE with a type: the RRset is not there, else YXRRSET") {
  CHECK(prerequisite({ofNone("a.example.", Type::MX)}) == Rcode::NOERROR);
  CHECK(prerequisite({ofNone("none.example.", Type::A)}) == Rcode::NOERROR);
  CHECK(prerequisite({ofNone("a.example.", Type::A)}) == Rcode::YXRRSET);
}

TEST_CASE("prerequisite of the zone's class: the RRset has these records and no others, else NXRRSET") {
  const TransferRecord first = withTtl(a("a.example.", 2), 0);
  const TransferRecord second = withTtl(a("A.EXAMPLE.", 3), 0);
  const TransferRecord other = withTtl(a("a.example.", 9), 0);
  CHECK(prerequisite({first, second}) == Rcode::NOERROR);
  CHECK(prerequisite({second, first}) == Rcode::NOERROR);
  CHECK(prerequisite({second, first, second}) == Rcode::NOERROR);
  CHECK(prerequisite({first}) == Rcode::NXRRSET);
  CHECK(prerequisite({first, other}) == Rcode::NXRRSET);
  CHECK(prerequisite({first, second, other}) == Rcode::NXRRSET);
  CHECK(prerequisite({withTtl(a("none.example.", 2), 0)}) == Rcode::NXRRSET);
  CHECK(prerequisite({withTtl(recordOf("b.example.", rdata::MX(10, Name("mAIL.example."))), 0)}) == Rcode::NOERROR);
}

TEST_CASE("a prerequisite with a TTL, with RDATA that it may not have, or of another class is FORMERR") {
  CHECK(prerequisite({withTtl(ofAny("a.example.", Type::A), 1)}) == Rcode::FORMERR);
  CHECK(prerequisite({withTtl(ofAny("a.example.", Type::A), 0x80000000)}) == Rcode::FORMERR);
  CHECK(prerequisite({a("a.example.", 2)}) == Rcode::FORMERR);
  CHECK(prerequisite({withClass(withTtl(a("a.example.", 2), 0), Class::ANY)}) == Rcode::FORMERR);
  CHECK(prerequisite({ofNone(a("x.example.", 2))}) == Rcode::FORMERR);
  CHECK(prerequisite({withClass(withTtl(a("a.example.", 2), 0), Class::CH)}) == Rcode::FORMERR);
}

TEST_CASE("a prerequisite outside the zone is NOTZONE") {
  CHECK(prerequisite({ofAny("a.example.net.", Type::ANY)}) == Rcode::NOTZONE);
  CHECK(prerequisite({withTtl(a(".", 2), 0)}) == Rcode::NOTZONE);
}

TEST_CASE("the first prerequisite that is wrong counts, and whole RRsets come after all others") {
  const TransferRecord none = ofAny("none.example.", Type::ANY);
  const TransferRecord outside = ofAny("a.example.net.", Type::ANY);
  CHECK(prerequisite({none, outside}) == Rcode::NXDOMAIN);
  CHECK(prerequisite({outside, none}) == Rcode::NOTZONE);
  CHECK(prerequisite({withTtl(a("a.example.", 9), 0), none}) == Rcode::NXDOMAIN);
}

// Sections 2.5 and 3.4.1.3, row by row.

TEST_CASE("each row of the table of updates passes the prescan") {
  CHECK(prescan({a("a.example.")}) == Rcode::NOERROR);
  CHECK(prescan({ofAny("a.example.", Type::A)}) == Rcode::NOERROR);
  CHECK(prescan({ofAny("a.example.", Type::ANY)}) == Rcode::NOERROR);
  CHECK(prescan({ofNone(a("a.example."))}) == Rcode::NOERROR);
}

TEST_CASE("an update outside the zone is NOTZONE, and one below a delegation is not") {
  CHECK(prescan({a("a.example.net.")}) == Rcode::NOTZONE);
  CHECK(prescan({ofAny("net.", Type::ANY)}) == Rcode::NOTZONE);
  CHECK(prescan({a("ns.sub.example.")}) == Rcode::NOERROR);
}

TEST_CASE("an update of a type that no record has is FORMERR, but for ANY of class ANY") {
  for (const Type type : {Type::ANY, Type::AXFR, Type::IXFR, Type::MAILA, Type::MAILB, Type::TSIG, Type{}}) {
    TransferRecord record{Name("a.example."), type, {}};
    if (type == Type::TSIG)
      record.rdata = octetsOf("00000000000000000000000000000000000000");
    else
      CHECK(prescan({record}) == Rcode::FORMERR);
    if (type != Type::TSIG) CHECK(prescan({ofNone(record)}) == Rcode::FORMERR);
    CHECK(prescan({ofAny("a.example.", type)}) == (type == Type::ANY ? Rcode::NOERROR : Rcode::FORMERR));
  }
}

TEST_CASE("an update that removes, with a TTL, or with RDATA where all is to go, is FORMERR") {
  CHECK(prescan({withTtl(ofAny("a.example.", Type::A), 1)}) == Rcode::FORMERR);
  CHECK(prescan({withClass(withTtl(a("a.example."), 0), Class::ANY)}) == Rcode::FORMERR);
  CHECK(prescan({withTtl(ofNone(a("a.example.")), 1)}) == Rcode::FORMERR);
}

TEST_CASE("an update of a third class is FORMERR") {
  CHECK(prescan({withClass(a("a.example."), Class::CH)}) == Rcode::FORMERR);
}

TEST_CASE("one mistake anywhere refuses the whole update") {
  CHECK(prescan({a("a.example."), ofAny("b.example.", Type::ANY), a("example.net.")}) == Rcode::NOTZONE);
}

// Section 3.4.2, row by row.

TEST_CASE("a record is added, and the TTL of its RRset is the new one") {
  CHECK(changesOf({a("new.example.", 7)}) == Texts{"+new.example. 300 A 192.0.2.7"});
  CHECK(changesOf({withTtl(a("c.ent.example.", 7), 60)}) ==
        Texts{"-c.ent.example. 300 A 192.0.2.4", "+c.ent.example. 60 A 192.0.2.4", "+c.ent.example. 60 A 192.0.2.7"});
  CHECK(changesOf({withTtl(a("new.example.", 7), 0x80000000)}) == Texts{"+new.example. 0 A 192.0.2.7"});
}

TEST_CASE("a record that is there already changes nothing but its TTL") {
  CHECK(changesOf({a("a.example.", 2), a("a.example.", 2)}).empty());
  CHECK(changesOf({withTtl(a("c.ent.example.", 4), 60)}) ==
        Texts{"-c.ent.example. 300 A 192.0.2.4", "+c.ent.example. 60 A 192.0.2.4"});
}

TEST_CASE("a CNAME is not added beside other data, nor other data beside a CNAME") {
  CHECK(changesOf({cname("a.example.", "b.example.")}).empty());
  CHECK(changesOf({a("alias.example.")}).empty());
  CHECK(changesOf({cname("n.example.", "b.example."), a("n.example.")}) == Texts{"+n.example. 300 CNAME b.example."});
}

TEST_CASE("a CNAME takes the place of other data that goes in the same update, and the other way round") {
  CHECK(changesOf({ofAny("b.example.", Type::ANY), cname("b.example.", "a.example.")}) ==
        Texts{"-b.example. 300 MX 10 Mail.example.", "+b.example. 300 CNAME a.example."});
  CHECK(changesOf({ofAny("alias.example.", Type::CNAME), a("alias.example.", 7)}) ==
        Texts{"-alias.example. 300 CNAME a.example.", "+alias.example. 300 A 192.0.2.7"});
}

TEST_CASE("a CNAME, and a DNAME, replace the one that is there") {
  CHECK(changesOf({cname("alias.example.", "b.example.")}) ==
        Texts{"-alias.example. 300 CNAME a.example.", "+alias.example. 300 CNAME b.example."});
  CHECK(changesOf({recordOf("d.example.", rdata::DNAME(Name("b.example.")))}, "d DNAME a\n") ==
        Texts{"-d.example. 300 DNAME a.example.", "+d.example. 300 DNAME b.example."});
}

TEST_CASE("an SOA counts only where its serial goes forward") {
  CHECK(changesOf({soa(8)}) == Texts{"serial 8"});
  CHECK(changesOf({soa(20)}) == Texts{"serial 20"});
  CHECK(changesOf({soa(7)}).empty());
  CHECK(changesOf({soa(6)}).empty());
  CHECK(changesOf({soa(7 + 0x80000000)}).empty());
  CHECK(changesOf({soa(30), soa(20)}) == Texts{"serial 30"});
}

TEST_CASE("an SOA below the apex is ignored") {
  CHECK(changesOf({soa(20, "a.example.")}).empty());
}

TEST_CASE("a WKS replaces the one of the same address and protocol") {
  const std::string_view zone = "w WKS 192.0.2.1 TCP 1\nw WKS 192.0.2.1 UDP 1\n";
  CHECK(changesOf({wks(1, 6, 0x20)}, zone) ==
        Texts{"-w.example. 300 WKS 192.0.2.1 6 1", "+w.example. 300 WKS 192.0.2.1 6 2"});
  CHECK(changesOf({wks(2, 6, 0x20)}, zone) == Texts{"+w.example. 300 WKS 192.0.2.2 6 2"});
}

TEST_CASE("an RRset, and all of a name, are removed, and nothing below the name") {
  CHECK(changesOf({ofAny("a.example.", Type::A)}) ==
        Texts{"-a.example. 300 A 192.0.2.2", "-a.example. 300 A 192.0.2.3"});
  CHECK(changesOf({ofAny("sub.example.", Type::ANY)}) == Texts{"-sub.example. 300 NS ns.sub.example."});
  CHECK(changesOf({ofAny("none.example.", Type::ANY), ofAny("a.example.", Type::MX)}).empty());
}

TEST_CASE("removing all of the apex leaves its SOA and its NS") {
  CHECK(changesOf({ofAny("example.", Type::ANY)}, "@ TXT x\n@ MX 1 ns1\n") ==
        Texts{"-example. 300 MX 1 ns1.example.", "-example. 300 TXT \"x\""});
  CHECK(changesOf({ofAny("example.", Type::SOA)}).empty());
  CHECK(changesOf({ofAny("example.", Type::NS)}).empty());
}

TEST_CASE("a record is removed, without regard to the case of names in it") {
  CHECK(changesOf({ofNone(a("a.example.", 3))}) == Texts{"-a.example. 300 A 192.0.2.3"});
  CHECK(changesOf({ofNone(recordOf("b.example.", rdata::MX(10, Name("MAIL.example."))))}) ==
        Texts{"-b.example. 300 MX 10 Mail.example."});
  CHECK(changesOf({ofNone(a("a.example.", 9)), ofNone(a("none.example.", 9))}).empty());
}

TEST_CASE("the SOA and the last NS of the apex are not removed, and other NSs are") {
  const TransferRecord second = recordOf("example.", rdata::NS(Name("ns2.example.net.")));
  CHECK(changesOf({ofNone(soa(7))}).empty());
  CHECK(changesOf({ofNone(ns())}).empty());
  CHECK(changesOf({ofNone(ns()), ofNone(second)}, "@ NS ns2.example.net.\n") == Texts{"-example. 300 NS ns1.example."});
  CHECK(changesOf({second, ofNone(ns())}) ==
        Texts{"-example. 300 NS ns1.example.", "+example. 300 NS ns2.example.net."});
  CHECK(changesOf({ofNone(recordOf("sub.example.", rdata::NS(Name("ns.sub.example."))))}) ==
        Texts{"-sub.example. 300 NS ns.sub.example."});
}

TEST_CASE("steps of one update are taken in their order") {
  CHECK(changesOf({ofAny("a.example.", Type::A), a("a.example.", 7)}) ==
        Texts{"-a.example. 300 A 192.0.2.2", "-a.example. 300 A 192.0.2.3", "+a.example. 300 A 192.0.2.7"});
  CHECK(changesOf({a("n.example.", 7), ofAny("n.example.", Type::ANY)}).empty());
}

}  // namespace update_message_test
