#include "taut/resolver/authority.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "support/packet.hpp"
#include "taut/dns/message_view.hpp"
#include "taut/dns/reply.hpp"
#include "taut/io/shard.hpp"
#include "taut/resolver/dynamic_zone.hpp"
#include "taut/zone/zone_difference.hpp"
#include "taut/zone/zone_file.hpp"
#include "taut/zone/zone_publication.hpp"

namespace authority_test {

using namespace taut;

namespace {

std::shared_ptr<const Zone> zoneOf(std::string_view text) {
  const ZoneLoad load = parseZone(text);
  INFO(load.firstError());
  REQUIRE(load.ok());
  return load.zone;
}

Authority serving(std::string_view text) {
  return Authority(std::make_shared<const ZoneSet>(std::vector{zoneOf(text)}));
}

struct Reply {
  bool truncated = false;
  std::size_t size = 0;
  std::vector<std::string> records;  // of the additional section: owner and type
};

// What a client is sent that takes as much as the protocol allows.
Reply ask(const Authority& authority, const char* name, Type type, Transport transport = Transport::udp) {
  const Packet packet = Packet::header(0, 1, 0, 0, 1).question(name, type).opt(1232);
  const auto query = Query::parse(packet, {Address::loopbackV4(53), transport});
  const auto answer = authority.answer(*query);
  REQUIRE(answer);
  std::vector<std::uint8_t> buffer(maxMessageSize);
  Reply reply;
  reply.size = writeReply(*query, *answer, {}, buffer);
  auto view = MessageView::parse(ByteSpan(buffer).first(reply.size));
  reply.truncated = view->truncated();
  while (const auto record = view->nextRecord())
    if (record->section == Section::additional && record->type != Type::OPT)
      reply.records.push_back(record->owner.toString() + " " + toString(record->type));
  REQUIRE(view->ok());
  return reply;
}

constexpr std::string_view head = "example. 1 SOA ns h 1 2 3 4 5\n@ 1 NS ns.x.\n$ORIGIN example.\n$TTL 1\n";

// So many records whose hosts, h0 and so on, have two addresses each.
std::string hostsOf(std::string_view owner, std::string_view data, std::size_t count) {
  std::string text(head);
  for (std::size_t i = 0; i < count; ++i)
    text += fmt::format("{0} {1} h{2}\nh{2} A 10.0.0.1\nh{2} AAAA 2001:db8::1\n", owner, data, i);
  return text;
}

using Records = std::vector<std::string>;

}  // namespace

TEST_CASE("Additional data comes in the order of the records, each host's once, other hosts' not at all") {
  const Authority authority =
      serving(std::string(head) +
              "mail MX 1 b\nmail MX 2 a\nmail MX 3 B\nmail MX 4 none\nmail MX 5 host.elsewhere.\nmail MX 6 a\n"
              "a A 192.0.2.1\na AAAA 2001:db8::1\nb A 192.0.2.2\nnone TXT x\n");
  CHECK(ask(authority, "mail.example.", Type::MX).records ==
        Records{"b.example. A", "a.example. A", "a.example. AAAA"});
}

TEST_CASE("Additional data from a wildcard has the name of each record for its owner, once") {
  const Authority authority =
      serving(std::string(head) + "mail MX 1 x.w\nmail MX 2 y.w\nmail MX 3 X.w\n*.w A 192.0.2.1\n");
  CHECK(ask(authority, "mail.example.", Type::MX).records == Records{"x.w.example. A", "y.w.example. A"});
}

TEST_CASE("A service leads to its addresses and those of other services, but not to itself again") {
  const Authority authority = serving(
      std::string(head) +
      "a SVCB 1 .\na A 192.0.2.1\nb SVCB 0 a\n*.w SVCB 1 .\n*.w A 192.0.2.2\n"
      "n NAPTR 1 1 \"S\" \"\" \"\" s\nn NAPTR 2 1 \"U\" \"\" \"\" b\nn NAPTR 3 1 \"A\" \"\" \"\" a\ns SRV 1 1 1 a\n");
  CHECK(ask(authority, "a.example.", Type::SVCB).records == Records{"a.example. A"});
  CHECK(ask(authority, "b.example.", Type::SVCB).records == Records{"a.example. SVCB", "a.example. A"});
  CHECK(ask(authority, "x.w.example.", Type::SVCB).records == Records{"x.w.example. A"});
  CHECK(ask(authority, "n.example.", Type::NAPTR).records == Records{"s.example. SRV", "a.example. A"});
}

TEST_CASE("Glue below the cut comes first and truncates where it does not fit, other hosts' addresses do not") {
  const Authority few = serving(std::string(head) +
                                "sub NS ns\nsub NS a.sub\nsub NS b.sub\nns A 192.0.2.1\na.sub A 192.0.2.2\n"
                                "b.sub A 192.0.2.3\nb.sub AAAA 2001:db8::3\n");
  const Reply referral = ask(few, "www.sub.example.", Type::A);
  CHECK(referral.records == Records{"a.sub.example. A", "b.sub.example. A", "b.sub.example. AAAA", "ns.example. A"});
  CHECK_FALSE(referral.truncated);

  // 40 servers leave room for some addresses only.
  CHECK_FALSE(ask(serving(hostsOf("sub", "NS", 40)), "www.sub.example.", Type::A).truncated);
  std::string below(head);
  for (int i = 0; i < 40; ++i)
    below += fmt::format("sub NS h{0}.sub\nh{0}.sub A 10.0.0.1\nh{0}.sub AAAA 2001:db8::1\n", i);
  CHECK_FALSE(ask(serving(below), "www.sub.example.", Type::A, Transport::tcp).truncated);
  const Reply cut = ask(serving(below), "www.sub.example.", Type::A);
  CHECK(cut.truncated);
  CHECK(cut.size > 1232 - 50);
}

TEST_CASE("An optional address that does not fit leaves its room to one that does") {
  const Authority authority = serving(hostsOf("mail", "MX 1", 40));
  const Reply reply = ask(authority, "mail.example.", Type::MX);
  CHECK_FALSE(reply.truncated);
  CHECK(reply.size > 1232 - 16);
  CHECK(ask(authority, "mail.example.", Type::MX, Transport::tcp).records.size() == 80);
}

TEST_CASE("A host is given once in a large reply too, whatever the number of hosts") {
  std::string text = hostsOf("mail", "MX 1", 1000);
  for (int i = 0; i < 1000; ++i) text += fmt::format("mail MX 2 h{}\n", i);
  const Reply reply = ask(serving(text), "mail.example.", Type::MX, Transport::tcp);
  CHECK_FALSE(reply.truncated);
  CHECK(reply.records.size() < 1000 * 2);
  std::vector<std::string> records = reply.records;
  std::ranges::sort(records);
  CHECK(std::ranges::adjacent_find(records) == records.end());
}

TEST_CASE("No data at the end of an alias has the SOA for each type, ANY too") {
  const Authority authority = serving(std::string(head) + "a DNAME b\nx.y.b TXT x\n");
  for (const Type type : {Type::A, Type::ANY, Type::RRSIG}) {
    const auto answer = authority.answer(Query(Name("y.a.example"), type));
    CHECK(answer->recordCount(Section::answer) == 2);
    CHECK(answer->recordCount(Section::authority) == 1);
  }
}

TEST_CASE("ANY gives no NSEC under a name made from a wildcard, and beside an alias only with DO") {
  const auto signature = [](std::string_view owner, std::string_view covered, int labels) {
    return fmt::format("{} RRSIG {} 13 {} 1 20380101000000 20240101000000 1 example. {:A<86}==\n", owner, covered,
                       labels, "");
  };
  std::string text(head);
  text += "@ NSEC *.w NS SOA\n*.w A 192.0.2.1\n*.w NSEC alias A\nalias CNAME x\nalias NSEC plain CNAME\n";
  text += "plain A 192.0.2.1\nplain NSEC @ A\n" + signature("@", "SOA", 1) + signature("*.w", "A", 2);
  text += signature("*.w", "NSEC", 2) + signature("alias", "CNAME", 2) + signature("alias", "NSEC", 2);
  const Authority authority = serving(text);
  const auto answers = [&](const char* name, bool dnssecOk) {
    const Packet packet = Packet::header(0, 1, 0, 0, 1).question(name, Type::ANY).opt(1232, dnssecOk ? 0x8000 : 0);
    const auto query = Query::parse(packet, {Address::loopbackV4(53), Transport::tcp});
    std::vector<Type> types;
    authority.answer(*query)->forEach(Section::answer, [&](const RRset& rrset) { types.push_back(rrset.type); });
    return types;
  };
  using Types = std::vector<Type>;
  CHECK(answers("x.w.example", false) == Types{Type::A});
  CHECK(answers("x.w.example", true) == Types{Type::A, Type::RRSIG});
  CHECK(answers("*.w.example", true) == Types{Type::A, Type::RRSIG, Type::NSEC, Type::RRSIG});
  CHECK(answers("alias.example", false) == Types{Type::CNAME});
  CHECK(answers("alias.example", true) == Types{Type::CNAME, Type::RRSIG, Type::NSEC, Type::RRSIG});
  CHECK(answers("plain.example", false) == Types{Type::A, Type::NSEC});
}

TEST_CASE("An answer to ANY or RRSIG holds no more than its reply can") {
  std::string text(head);
  for (int type = 60000; type < 65000; ++type) {
    text += fmt::format("many TYPE{} \\# 20 {:040}\n", type, 0);
    text += fmt::format("many RRSIG TYPE{} 13 2 1 20380101000000 20240101000000 1 example. {:A<86}==\n", type, "");
  }
  const Authority authority = serving(text);
  const auto entries = [&](Type type, Transport transport) {
    const Packet packet = Packet::header(0, 1, 0, 0, 1).question("many.example", type).opt(1232, 0x8000);
    const auto query = Query::parse(packet, {Address::loopbackV4(53), transport});
    return authority.answer(*query)->entryCount();
  };
  CHECK(entries(Type::ANY, Transport::udp) == 2);
  CHECK(entries(Type::RRSIG, Transport::udp) <= 1232 / leastRecordSize + 1);
  CHECK(entries(Type::ANY, Transport::tcp) <= 65535 / leastRecordSize + 2);
  CHECK(ask(authority, "many.example", Type::RRSIG).truncated);
  CHECK(ask(authority, "many.example", Type::ANY, Transport::tcp).truncated);
  CHECK(ask(authority, "many.example", static_cast<Type>(64999)).size > 60);
}

TEST_CASE("The names of a zone that is not loaded are SERVFAIL, and no other names") {
  const Authority authority(std::make_shared<const ZoneSet>(
      std::vector{zoneOf("example. 1 SOA ns h 1 2 3 4 5\n@ 1 NS ns.x.\nwww 1 A 192.0.2.1\nalias 1 CNAME www.broken\n"),
                  Zone::notLoaded(Name("broken.example."))}));
  const auto ask = [&](const char* name, Type type) { return authority.answer(Query(Name(name), type)); };

  for (const char* const name : {"broken.example.", "www.broken.example."}) {
    const auto answer = ask(name, Type::A);
    REQUIRE(answer);
    CHECK(answer->rcode() == Rcode::SERVFAIL);
    CHECK_FALSE(answer->authoritative());
    CHECK(answer->entryCount() == 0);
    CHECK(answer->source().zone() == Name("broken.example.").view());
  }
  CHECK(ask("www.example.", Type::A)->source().zone() == Name("example.").view());
  CHECK(ask("missing.example.", Type::A)->source().zone() == Name("example.").view());
  CHECK(ask("alias.example.", Type::A)->source().zone() == Name("example.").view());
  CHECK(ask("www.example.", Type::A)->rcode() == Rcode::NOERROR);
  CHECK(ask("broken.example.", Type::DS)->rcode() == Rcode::NXDOMAIN);
  CHECK_FALSE(ask("www.elsewhere.", Type::A));

  // An alias into it ends there, as an alias into a zone that is not served does.
  const auto alias = ask("alias.example.", Type::A);
  REQUIRE(alias);
  CHECK(alias->rcode() == Rcode::NOERROR);
  REQUIRE(alias->entryCount() == 1);
  CHECK(alias->entry(0).rrset.type == Type::CNAME);
}

TEST_CASE("Prefetching for more queries than one round holds changes no answer") {
  const Authority authority(std::make_shared<const ZoneSet>(
      std::vector{zoneOf("example. 1 SOA ns h 1 2 3 4 5\n@ 1 NS ns.x.\nwww 1 A 192.0.2.1\n")}));
  const Query query(Name("www.example."), Type::A);
  authority.prefetch(std::vector<const Query*>(100, &query));
  authority.prefetch({});
  CHECK(authority.answer(query)->entryCount() == 1);
}

TEST_CASE("an authority of a view answers from its zones and from the others, across both, and keeps the set it has") {
  const auto zoneWith = [](std::string_view owner, std::string_view more) {
    return zoneOf(fmt::format("{0} 1 SOA ns h 1 2 3 4 5\n@ 1 NS ns.x.\n$ORIGIN {0}\n$TTL 1\n{1}\n", owner, more));
  };
  const std::vector outer{zoneWith("example.", "www A 192.0.2.1"), zoneWith("other.", "www A 192.0.2.2")};
  const std::vector views{ZonesOfView{"inside", {zoneWith("example.", "www CNAME www.other.")}}};
  const auto firstOf = [](const Authority& authority, const char* name) {
    const auto answer = authority.answer(Query(Name(name), Type::A));
    return answer && answer->entryCount() > 0 ? toString(answer->entry(0).rrset.type) : "none";
  };
  auto set = std::make_shared<const ZoneSet>(outer, views);
  Authority inside(set, "inside");
  const Authority outside(set);
  Authority later(std::make_shared<const ZoneSet>(), "inside");
  const std::weak_ptr<const ZoneSet> first = set;
  CHECK(firstOf(inside, "www.example.") == "CNAME");
  CHECK(inside.answer(Query(Name("www.example."), Type::A))->entryCount() == 2);
  CHECK(firstOf(outside, "www.example.") == "A");
  CHECK(firstOf(inside, "www.other.") == "A");
  CHECK(firstOf(later, "www.other.") == "none");
  later.replace(set);
  CHECK(firstOf(later, "www.example.") == "CNAME");
  set.reset();
  CHECK(!first.expired());
  later.replace(std::make_shared<const ZoneSet>(outer));
  CHECK(firstOf(later, "www.example.") == "A");
}

namespace {

// A zone in a set whose versions are replaced.
class Changing {
 public:
  Changing() : set_(std::make_shared<ZoneSet>(std::vector{version(1)})) {}

  const std::shared_ptr<ZoneSet>& set() const { return set_; }

  // Has the next version served, as a ZoneLoader does. Gives the one that gave way.
  std::weak_ptr<const Zone> change(const std::vector<Authority*>& authorities) {
    const auto retired = std::make_shared<const RetiredVersions>(1, set_->replace(version(++serial_)));
    for (Authority* const authority : authorities) authority->serve({set_, retired});
    return retired->front();
  }

 private:
  static std::shared_ptr<const Zone> version(int serial) {
    return zoneOf(fmt::format("example. 1 SOA ns h {} 2 3 4 5\n@ 1 NS ns.x.\n", serial));
  }

  int serial_ = 1;
  std::shared_ptr<ZoneSet> set_;
};

std::optional<Answer> askForSoa(const Authority& authority) {
  return authority.answer(Query(Name("example."), Type::SOA));
}

std::uint32_t serialIn(const Answer& answer) {
  return serialOfSoa(answer.entry(0).rrset.front()).value();
}

}  // namespace

TEST_CASE("What gave way lives as long as answers that began before, and later answers are of the new version") {
  Changing zone;
  Authority authority(zone.set());
  auto first = askForSoa(authority);
  const auto one = zone.change({&authority});
  auto second = askForSoa(authority);
  const auto two = zone.change({&authority});
  const auto third = askForSoa(authority);
  CHECK(serialIn(*first) == 1);
  CHECK(serialIn(*second) == 2);
  CHECK(serialIn(*third) == 3);
  CHECK(!one.expired());
  // An answer that began early may have to do with all that came later.
  second.reset();
  CHECK(!two.expired());
  first.reset();
  CHECK(one.expired());
  CHECK(two.expired());
  CHECK(serialIn(*third) == 3);
}

TEST_CASE("What gave way is gone at once where no answer is under way, and another set keeps its own zones") {
  Changing zone;
  Authority authority(zone.set());
  CHECK(zone.change({&authority}).expired());
  const auto answer = askForSoa(authority);
  std::weak_ptr<const ZoneSet> before = zone.set();
  Changing other;
  authority.replace(other.set());
  zone = Changing();
  CHECK(!before.expired());
  CHECK(serialIn(*answer) == 2);
  CHECK(other.change({&authority}).expired());
}

TEST_CASE("Answers of a view, and of zones that change beside the set, keep what gave way in it") {
  Changing zone;
  Authority ofView(zone.set(), "inside");
  Shard shard;
  DynamicZone beside(zoneOf("beside. 1 SOA ns h 1 2 3 4 5\n@ 1 NS ns.x.\n"));
  Authority withDynamic(zone.set());
  withDynamic.add(shard, beside);
  std::vector<std::optional<Answer>> answers;
  for (const Authority* const authority : {&ofView, &withDynamic}) answers.push_back(askForSoa(*authority));
  DynamicZone another(zoneOf("another. 1 SOA ns h 1 2 3 4 5\n@ 1 NS ns.x.\n"));
  withDynamic.add(shard, another);
  const auto one = zone.change({&ofView, &withDynamic});
  answers[0].reset();
  CHECK(!one.expired());
  CHECK(serialIn(*answers[1]) == 1);
  CHECK(serialIn(*askForSoa(withDynamic)) == 2);
  answers[1].reset();
  CHECK(one.expired());
}

TEST_CASE("An answer may be under way for any number of versions") {
  Changing zone;
  Authority authority(zone.set());
  auto first = askForSoa(authority);
  const RetiredVersions retired{zone.set()->get(Name("example."))};
  for (int i = 0; i < 200000; ++i) authority.serve({zone.set(), std::make_shared<const RetiredVersions>(retired)});
  zone.change({&authority});
  const std::weak_ptr<const Zone> last = zone.change({&authority});
  CHECK(!last.expired());
  CHECK(serialIn(*first) == 1);
  first.reset();
  CHECK(last.expired());
}

TEST_CASE("a zone for some clients is answered to those alone, in each version, and to others as what is not served") {
  const auto version = [](const char* address) {
    return zoneOf(std::string("$ORIGIN list.example.\n@ 1 SOA ns.x. h.x. 1 2 3 4 5\n@ 1 NS ns.x.\na 1 A ") + address);
  };
  const std::vector zones{version("192.0.2.1"),
                          zoneOf("$ORIGIN example.\n@ 1 SOA ns.x. h.x. 1 2 3 4 5\n@ 1 NS ns.x.\na 1 A 192.0.2.9\n"
                                 "alias 1 CNAME a.list\n")};
  const auto set = std::make_shared<ZoneSet>(zones);
  set->restrict(Name("list.example."), Class::IN, AddressPolicy(AddressPolicy::Action::refuse).allow("192.0.2.0/24"));
  set->restrict(Name("none.example."), Class::IN, AddressPolicy());
  Authority authority(set);
  const auto rcode = [&](const char* name, const char* client) {
    const Packet packet = Packet::header(0, 1).question(name, Type::A);
    const auto query = Query::parse(packet, {*Address::parse(client, 53), Transport::udp});
    const auto answer = authority.answer(*query);
    REQUIRE(answer);
    if (answer->rcode() != Rcode::NOERROR) return toString(answer->rcode());
    std::string text;
    for (std::size_t i = 0; i < answer->entryCount(); ++i)
      if (const RRset& found = answer->entry(i).rrset; found.type == Type::A) text += std::to_string(found.front()[3]);
    return text;
  };
  CHECK(rcode("a.list.example.", "192.0.2.53") == "1");
  CHECK(rcode("none.list.example.", "192.0.2.53") == "NXDOMAIN");
  for (const char* const name : {"list.example.", "a.list.example.", "none.list.example."})
    CHECK(rcode(name, "198.51.100.1") == "REFUSED");
  CHECK(rcode("a.example.", "198.51.100.1") == "9");
  CHECK(rcode("none.example.", "198.51.100.1") == "NXDOMAIN");
  for (const char* const client : {"192.0.2.53", "198.51.100.1"}) CHECK(rcode("alias.example.", client).empty());

  auto retired = std::make_shared<RetiredVersions>();
  retired->push_back(set->replace(version("192.0.2.2")));
  CHECK(retired->front() == zones[0]);
  authority.serve({set, retired});
  CHECK(rcode("a.list.example.", "192.0.2.53") == "2");
  CHECK(rcode("a.list.example.", "198.51.100.1") == "REFUSED");
  CHECK(authority.servedZone(Name("list.example."), Class::IN).zone->isLoaded());
  set->replace(Zone::notLoaded(Name("list.example.")));
  CHECK(rcode("a.list.example.", "192.0.2.53") == "SERVFAIL");
  CHECK(rcode("a.list.example.", "198.51.100.1") == "REFUSED");
}

TEST_CASE("the clients of a view are asked who they are about the zones of all and those of the view") {
  const auto zone = [](const char* origin) {
    return zoneOf(std::string("$ORIGIN ") + origin + "\n@ 1 SOA ns.x. h.x. 1 2 3 4 5\n@ 1 NS ns.x.\n");
  };
  const std::vector zones{zone("list.example.")};
  const std::vector views{ZonesOfView{"inside", {zone("inside.example.")}}};
  const auto set = std::make_shared<ZoneSet>(zones, views);
  const AccessList nobody{AddressPolicy(AddressPolicy::Action::refuse)};
  set->restrict(Name("list.example."), Class::IN, nobody);
  const Authority authority(set, "inside");
  const auto rcode = [&](const char* name) {
    const Packet packet = Packet::header(0, 1).question(name, Type::SOA);
    const auto query = Query::parse(packet, {Address::loopbackV4(53), Transport::udp});
    return authority.answer(*query)->rcode();
  };
  CHECK(rcode("list.example.") == Rcode::REFUSED);
  CHECK(rcode("inside.example.") == Rcode::NOERROR);
  set->restrict(Name("inside.example."), Class::IN, nobody, "inside");
  CHECK(rcode("inside.example.") == Rcode::REFUSED);
}

TEST_CASE("a zone that is not served is neither answered from nor given for a transfer") {
  const std::vector zones{zoneOf("$ORIGIN example.\n@ 1 SOA ns.x. h.x. 1 2 3 4 5\n@ 1 NS ns.x.\n")};
  const auto set = std::make_shared<ZoneSet>(zones);
  set->addUnserved(
      zoneOf("$ORIGIN .\n@ 1 SOA ns.x. h.x. 1 2 3 4 5\n@ 1 NS ns.x.\nns.x 1 A 192.0.2.53\na 1 A 192.0.2.1\n"));
  const Authority authority(set);
  const auto isAnswered = [&](const char* name, Type type) {
    const Packet packet = Packet::header(0, 1).question(name, type);
    return authority.answer(*Query::parse(packet, {Address::loopbackV4(53), Transport::udp})).has_value();
  };
  CHECK(!isAnswered(".", Type::SOA));
  CHECK(!isAnswered("a.", Type::A));
  CHECK(isAnswered("example.", Type::SOA));
  CHECK(isAnswered("example.", Type::DS));
  CHECK(!authority.servedZone(Name(), Class::IN));
  CHECK(authority.servedZone(Name("example."), Class::IN));
}

}  // namespace authority_test
