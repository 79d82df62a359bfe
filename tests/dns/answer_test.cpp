#include "taut/dns/answer.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "support/heap_counter.hpp"
#include "taut/dns/rdata.hpp"

namespace taut::answer_test {

using namespace std::chrono_literals;

namespace {

const std::array<std::uint8_t, 4> address = {192, 0, 2, 1};
const std::array<std::uint8_t, 6> stored = {0, 4, 192, 0, 2, 1};  // as an RRset keeps it

RRset borrowed(const Name& owner) {
  RRset rrset;
  rrset.owner = owner;
  rrset.rdata = stored.data();
  rrset.ttl = 60;
  rrset.type = Type::A;
  rrset.count = 1;
  return rrset;
}

class Storage final : public PinnedStorage {
 public:
  explicit Storage(int& live) : live_(live) { ++live_; }
  ~Storage() override { --live_; }

 private:
  int& live_;
};

}  // namespace

TEST_CASE("An answer is NOERROR and empty, or an RCODE by name") {
  CHECK((Answer().rcode() == Rcode::NOERROR));
  CHECK(Answer().entryCount() == 0);
  CHECK_FALSE(Answer().authoritative());
  CHECK((Answer::formatError().rcode() == Rcode::FORMERR));
  CHECK((Answer::serverFailure().rcode() == Rcode::SERVFAIL));
  CHECK((Answer::nameError().rcode() == Rcode::NXDOMAIN));
  CHECK((Answer::notImplemented().rcode() == Rcode::NOTIMP));
  CHECK((Answer::refused().rcode() == Rcode::REFUSED));
}

TEST_CASE("What has no data, and what does not exist, is told with the zone's SOA record and its negative TTL") {
  const Name zone("example.com");
  const rdata::SOA soa(Name("ns.example.com"), Name("hostmaster.example.com"), 1, 2, 3, 4, 300);
  const Answer noData = Answer::noData(zone, 1h, soa);
  const Answer nameError = Answer::nameError(zone, 1h, soa);
  CHECK((noData.rcode() == Rcode::NOERROR));
  CHECK((nameError.rcode() == Rcode::NXDOMAIN));
  for (const Answer* const answer : {&noData, &nameError}) {
    CHECK(answer->authoritative());
    REQUIRE(answer->entryCount() == 1);
    const RRset& rrset = answer->entry(0).rrset;
    CHECK((answer->entry(0).section == Section::authority));
    CHECK(rrset.owner == zone);
    CHECK(rrset.ttl == 300);
    const auto record = rdata::read<rdata::SOA>(rrset.front());
    REQUIRE(record);
    CHECK(record->primary == soa.primary);
    CHECK(record->minimum == 300);
  }
  CHECK(Answer::noData(zone, 1min, soa).entry(0).rrset.ttl == 60);
}

TEST_CASE("A record that a handler adds is copied") {
  Answer answer;
  {
    Name owner("www.example.com");
    std::vector<std::uint8_t> rdata(address.begin(), address.end());
    answer.addRecord(Section::authority, owner, Type::A, Class::CH, 300, rdata);
    owner = {};
    std::ranges::fill(rdata, std::uint8_t{0});
  }
  REQUIRE(answer.entryCount() == 1);
  const Answer::Entry& entry = answer.entry(0);
  CHECK((entry.section == Section::authority));
  CHECK(entry.required);
  CHECK(entry.rrset.owner == Name("www.example.com"));
  CHECK((entry.rrset.type == Type::A));
  CHECK((entry.rrset.rrClass == Class::CH));
  CHECK(entry.rrset.ttl == 300);
  CHECK(entry.rrset.count == 1);
  CHECK(std::ranges::equal(entry.rrset.front(), address));
}

TEST_CASE("A typed record goes into the answer section unless another is named") {
  Answer answer;
  CHECK(answer.add(Name("example.com"), 5min, rdata::MX(10, Name("mail.example.com"))));
  CHECK(answer.add(Name("example.com"), 1s, rdata::A(192, 0, 2, 1), Section::additional));
  CHECK(answer.recordCount(Section::answer) == 1);
  CHECK(answer.recordCount(Section::additional) == 1);
  CHECK(answer.recordCount() == 2);
  CHECK(answer.entry(0).rrset.ttl == 300);
  CHECK((answer.entry(0).rrset.type == Type::MX));
  CHECK((answer.entry(0).rrset.rrClass == Class::IN));
  const auto mx = rdata::read<rdata::MX>(answer.entry(0).rrset.front());
  REQUIRE(mx.has_value());
  CHECK(mx->exchange == Name("mail.example.com"));
}

TEST_CASE("RDATA of over a thousand octets is added whole, and RDATA without a wire form is not") {
  Answer answer;
  std::vector<std::string> strings(20, std::string(255, 'x'));
  rdata::TXT text;
  text.strings = strings;
  CHECK(answer.add(Name("x"), 1s, text));
  REQUIRE(answer.entryCount() == 1);
  CHECK(answer.entry(0).rrset.front().size() == 20 * 256);

  text.strings.emplace_back(256, 'x');
  CHECK_FALSE(answer.add(Name("x"), 1s, text));
  CHECK(answer.entryCount() == 1);
}

TEST_CASE("A TTL is cut to 0 to 2^31 - 1") {
  Answer answer;
  const Name owner("x");
  const auto ttlOf = [&](std::chrono::seconds ttl) {
    answer.add(owner, ttl, rdata::A(192, 0, 2, 1));
    return answer.entry(answer.entryCount() - 1).rrset.ttl;
  };
  CHECK(ttlOf(-1s) == 0);
  CHECK(ttlOf(std::chrono::seconds(maxTtl)) == maxTtl);
  CHECK(ttlOf(std::chrono::seconds(std::int64_t{maxTtl} + 1)) == maxTtl);
  CHECK(ttlOf(std::chrono::seconds::max()) == maxTtl);
  CHECK(ttlOf(std::chrono::seconds::min()) == 0);
  answer.addRecord(Section::answer, owner, Type::A, Class::IN, 0xffffffff, address);
  CHECK(answer.entry(answer.entryCount() - 1).rrset.ttl == maxTtl);
}

TEST_CASE("A borrowed RRset stays where it is") {
  const Name owner("example.com");
  Answer answer;
  answer.borrowRRset(Section::answer, borrowed(owner));
  answer.borrowGlue(borrowed(owner));
  answer.borrowAdditional(borrowed(owner));
  REQUIRE(answer.entryCount() == 3);
  CHECK(answer.entry(0).rrset.owner.data() == owner.data());
  CHECK(answer.entry(0).rrset.rdata == stored.data());
  CHECK(answer.entry(0).required);
  CHECK((answer.entry(1).section == Section::additional));
  CHECK(answer.entry(1).required);
  CHECK((answer.entry(2).section == Section::additional));
  CHECK_FALSE(answer.entry(2).required);
}

TEST_CASE("An RRset that is added is copied whole, and its records stay one RRset") {
  Answer answer;
  {
    const Name owner("example.com");
    std::vector<std::uint8_t> octets = {0, 4, 192, 0, 2, 1, 0, 0, 0, 2, 7, 8};
    RRset rrset = borrowed(owner);
    rrset.rdata = octets.data();
    rrset.count = 3;
    answer.addRRset(Section::authority, rrset);
    std::ranges::fill(octets, std::uint8_t{0xff});
  }
  REQUIRE(answer.entryCount(Section::authority) == 1);
  const Answer::Entry& entry = answer.entry(0);
  CHECK(entry.rrset.owner == Name("example.com"));
  CHECK(entry.rrset.ttl == 60);
  CHECK(entry.required);
  std::vector<std::vector<std::uint8_t>> records;
  for (const ByteSpan octets : entry.rrset) records.emplace_back(octets.begin(), octets.end());
  CHECK(records == std::vector<std::vector<std::uint8_t>>{{192, 0, 2, 1}, {}, {7, 8}});
}

TEST_CASE("Entries keep their order and their octets, however many there are") {
  constexpr std::size_t count = 500;
  Answer answer;
  for (std::size_t i = 0; i < count; ++i) {
    const Name owner(fmt::format("host{}.example.com", i / 2));
    const std::array<std::uint8_t, 2> rdata = {static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)};
    const auto section = static_cast<Section>(i % 3);
    answer.addRecord(section, owner, static_cast<Type>(i), Class::IN, static_cast<std::uint32_t>(i), rdata);
  }
  REQUIRE(answer.entryCount() == count);
  for (std::size_t i = 0; i < count; ++i) {
    const Answer::Entry& entry = answer.entry(i);
    REQUIRE(entry.rrset.owner == Name(fmt::format("host{}.example.com", i / 2)));
    REQUIRE(loadU16(entry.rrset.front().data()) == i);
    REQUIRE(static_cast<std::size_t>(entry.section) == i % 3);
    REQUIRE(entry.rrset.ttl == i);
  }
  CHECK(answer.recordCount() == count);
  std::size_t visited = 0;
  answer.forEach(Section::authority, [&](const RRset& rrset) {
    CHECK(rrset.ttl % 3 == 1);
    ++visited;
  });
  CHECK(visited == answer.recordCount(Section::authority));
}

TEST_CASE("RDATA of the greatest size fits") {
  const std::vector<std::uint8_t> rdata(maxRdataSize, 7);
  Answer answer;
  for (int i = 0; i < 3; ++i) answer.addRecord(Section::answer, Name("x"), Type::NULL_, Class::IN, 0, rdata);
  for (std::size_t i = 0; i < 3; ++i) CHECK(std::ranges::equal(answer.entry(i).rrset.front(), rdata));
}

TEST_CASE("An RRset may be added again out of the same answer") {
  const Name owner("example.com");
  Answer answer;
  answer.borrowRRset(Section::answer, borrowed(owner));
  for (int i = 0; i < 100; ++i) answer.borrowRRset(Section::additional, answer.entry(answer.entryCount() - 1).rrset);
  CHECK(answer.entry(100).rrset.owner.data() == owner.data());
  CHECK(answer.entry(100).rrset.ttl == 60);
  for (int i = 0; i < 1000; ++i) answer.addRRset(Section::additional, answer.entry(answer.entryCount() - 1).rrset);
  CHECK(answer.entry(1100).rrset.owner == owner);
  CHECK(std::ranges::equal(answer.entry(1100).rrset.front(), address));
}

TEST_CASE("Records of one owner share its octets, but each keeps its own spelling") {
  Answer answer;
  answer.addRecord(Section::answer, Name("a.example"), Type::A, Class::IN, 0, address);
  answer.addRecord(Section::answer, Name("a.example"), Type::A, Class::IN, 0, address);
  answer.addRecord(Section::answer, Name("A.example"), Type::A, Class::IN, 0, address);
  CHECK(answer.entry(0).rrset.owner.data() == answer.entry(1).rrset.owner.data());
  CHECK(answer.entry(2).rrset.owner.toString() == "A.example.");
}

TEST_CASE("A kept name lives as long as the answer") {
  Answer answer;
  std::vector<NameView> kept;
  for (int i = 0; i < 200; ++i) kept.push_back(answer.keep(Name(fmt::format("host{}.example.com", i))));
  for (int i = 0; i < 200; ++i) CHECK(kept[static_cast<std::size_t>(i)] == Name(fmt::format("host{}.example.com", i)));
}

TEST_CASE("What is pinned lives as long as the answer, however much is pinned") {
  int live = 0;
  {
    Answer answer;
    for (int i = 0; i < 10; ++i) {
      const auto storage = makeLocalRef<Storage>(live);
      answer.pin(*storage);
      answer.pin(*storage);
    }
    CHECK(live == 10);
    const Answer moved = std::move(answer);
    CHECK(live == 10);
  }
  CHECK(live == 0);
}

TEST_CASE("Pinning the same storages again and again takes one reference to each") {
  int live = 0;
  const auto zone = makeLocalRef<Storage>(live);
  const auto other = makeLocalRef<Storage>(live);
  Answer answer;
  for (int i = 0; i < 100; ++i) {
    answer.pin(*zone);
    answer.pin(*other);
  }
  CHECK(zone->useCount() == 2);
  CHECK(other->useCount() == 2);
}

TEST_CASE("An answer that was moved from reads as an empty SERVFAIL, and cannot be changed") {
  Answer answer = Answer::refused();
  answer.add(Name("x"), 1s, rdata::A(192, 0, 2, 1));
  const Answer other = std::move(answer);
  CHECK(answer.isMovedFrom());
  CHECK_FALSE(other.isMovedFrom());
  CHECK((answer.rcode() == Rcode::SERVFAIL));
  CHECK(answer.recordCount() == 0);
  CHECK(answer.extendedError() == nullptr);
  CHECK_FALSE(answer.isNoReply());
  const Name owner("y");
  CHECK_THROWS_AS(answer.add(owner, 1s, rdata::A(192, 0, 2, 1)), std::logic_error);
  CHECK_THROWS_AS(answer.addRRset(Section::answer, borrowed(owner)), std::logic_error);
  CHECK_THROWS_AS(answer.borrowRRset(Section::answer, borrowed(owner)), std::logic_error);
  CHECK_THROWS_AS(answer.keep(owner), std::logic_error);
  CHECK_THROWS_AS(answer.setRcode(Rcode::NOERROR), std::logic_error);
  CHECK_THROWS_AS(answer.setExtendedError(ExtendedErrorCode::other), std::logic_error);
  int live = 0;
  const auto storage = makeLocalRef<Storage>(live);
  CHECK_THROWS_AS(answer.pin(*storage), std::logic_error);
  const Answer again = std::move(answer);
  CHECK(again.isMovedFrom());
}

TEST_CASE("An answer that was moved from can be destroyed and assigned to") {
  Answer first = Answer::refused();
  first.add(Name("x"), 1s, rdata::A(192, 0, 2, 1));
  Answer second = std::move(first);
  CHECK((second.rcode() == Rcode::REFUSED));
  CHECK(second.entryCount() == 1);
  first = Answer::nameError();
  CHECK((first.rcode() == Rcode::NXDOMAIN));
  second = std::move(first);
  CHECK((second.rcode() == Rcode::NXDOMAIN));
  CHECK(second.entryCount() == 0);
  Answer& same = second;
  second = std::move(same);
  CHECK((second.rcode() == Rcode::NXDOMAIN));
}

TEST_CASE("A new answer has nothing of those before it") {
  const Name wildcard("*.example.com");
  int live = 0;
  for (int round = 0; round < 3; ++round) {
    Answer answer;
    CHECK((answer.rcode() == Rcode::NOERROR));
    CHECK_FALSE(answer.authoritative());
    CHECK_FALSE(answer.authenticData());
    CHECK_FALSE(answer.truncated());
    CHECK(answer.sourceOfSynthesis().isRoot());
    REQUIRE(answer.entryCount() == 0);
    CHECK(live == 0);
    answer.setRcode(Rcode::SERVFAIL);
    answer.setAuthoritative(true);
    answer.setAuthenticData(true);
    answer.setTruncated(true);
    answer.setSourceOfSynthesis(wildcard);
    answer.pin(*makeLocalRef<Storage>(live));
    for (int i = 0; i < 20 * (round + 1); ++i) answer.add(Name("x"), 1s, rdata::A(192, 0, 2, 1));
    for (const std::size_t i : {0U, 19U}) CHECK((answer.entry(i).rrset.type == Type::A));
  }
}

TEST_CASE("Answers of ordinary size cost no heap allocation after the first") {
  const Name owner("www.example.com");
  const RRset rrset = borrowed(owner);
  int live = 0;
  const auto storage = makeLocalRef<Storage>(live);
  const auto useAnswers = [&] {
    Answer answer;
    answer.pin(*storage);
    for (int i = 0; i < 40; ++i) answer.borrowGlue(rrset);  // as many as a top-level domain's referral has
    Answer other = Answer::nameError();
    other.addRecord(Section::answer, owner, Type::A, Class::IN, 60, address);
    other.keep(owner);
    return answer.entryCount() + other.entryCount();
  };
  useAnswers();
  const std::size_t before = HeapCounter::allocations();
  for (int i = 0; i < 100; ++i) REQUIRE(useAnswers() == 41);
  CHECK(HeapCounter::allocations() == before);
}

TEST_CASE("An answer of unusual size leaves no memory in the pool") {
  const Name owner("x");
  const auto large = [&] {
    Answer answer;
    for (int i = 0; i < 5000; ++i) answer.borrowRRset(Section::answer, borrowed(owner));
  };
  large();
  const std::size_t before = HeapCounter::allocations();
  large();
  CHECK(HeapCounter::allocations() > before);  // had it kept the entries there would be none
}

namespace {

// Gives an RRset with a signature, and one without.
class TwoRRsets final : public AdditionalSource {
 public:
  explicit TwoRRsets(RRset rrset) : rrset_(rrset) {}

  void draw(AdditionalSink& sink) const override {
    RRset signatures = rrset_;
    signatures.type = Type::RRSIG;
    if (sink.take(rrset_, signatures, true)) sink.take(rrset_, RRset(), false);
  }

 private:
  RRset rrset_;
};

}  // namespace

TEST_CASE("What a source gives belongs to the additional section, after what was added to it") {
  const Name owner("ns.example");
  Answer answer;
  answer.setAdditionalSource(TwoRRsets(borrowed(owner)));
  answer.borrowGlue(borrowed(owner));
  std::vector<Type> types;
  answer.forEach(Section::additional, [&](const RRset& rrset) { types.push_back(rrset.type); });
  const Type type = borrowed(owner).type;
  CHECK(types == std::vector{type, type, Type::RRSIG, type});
  CHECK(answer.entryCount() == 1);
  CHECK(answer.recordCount(Section::additional) == 4 * borrowed(owner).count);
  CHECK(answer.recordCount(Section::answer) == 0);
  CHECK(answer.recordCount() == 4 * borrowed(owner).count);

  answer = Answer();
  answer = Answer();  // the memory of the first one
  CHECK(answer.recordCount() == 0);
}

TEST_CASE("A changed TTL is the answer's own") {
  const Name owner("x");
  const RRset rrset = borrowed(owner);
  Answer answer;
  answer.borrowRRset(Section::answer, rrset);
  answer.setTtl(0, 5);
  CHECK(answer.entry(0).rrset.ttl == 5);
  CHECK(rrset.ttl == 60);
}

TEST_CASE("What is removed is gone from its section, and the rest stays in order, however much it is") {
  for (const int count : {3, 16, 17, 100}) {
    Answer answer;
    for (int i = 0; i < count; ++i)
      answer.add(Name("www.example."), std::chrono::seconds(i), taut::rdata::A(192, 0, 2, 1),
                 i % 3 == 0 ? Section::authority : Section::answer);
    answer.removeIf([](const Answer::Entry& entry) { return entry.rrset.ttl % 2 == 1; });
    REQUIRE(answer.entryCount() == static_cast<std::size_t>((count + 1) / 2));
    for (std::size_t i = 0; i < answer.entryCount(); ++i) CHECK(answer.entry(i).rrset.ttl == 2 * i);
    CHECK(answer.entryCount(Section::authority) == static_cast<std::size_t>((count + 5) / 6));
    CHECK(answer.recordCount() == answer.entryCount());
    answer.add(Name("new.example."), std::chrono::seconds(7), taut::rdata::A(192, 0, 2, 1));
    CHECK(answer.entry(answer.entryCount() - 1).rrset.owner == Name("new.example.").view());
    answer.removeIf([](const Answer::Entry&) { return true; });
    CHECK(answer.entryCount() == 0);
    CHECK_FALSE(answer.exceeds(0));
  }
}

TEST_CASE("an extended error keeps its text, cut before a character that does not fit whole") {
  Answer answer = Answer::serverFailure();
  CHECK(answer.extendedError() == nullptr);
  {
    const std::string text = "gone soon";
    answer.setExtendedError(ExtendedErrorCode::notReady, text);
  }
  CHECK(answer.extendedError()->code == ExtendedErrorCode::notReady);
  CHECK(answer.extendedError()->text == "gone soon");
  answer.setExtendedError(ExtendedErrorCode::other, std::string(127, 'x') + "\xc3\xa4");
  CHECK(answer.extendedError()->text == std::string(127, 'x'));
  answer.setExtendedError(ExtendedErrorCode::other, std::string(200, 'x'));
  CHECK(answer.extendedError()->text.size() == ExtendedError::maxText);
}

TEST_CASE("an answer prints its RCODE and how many records it has") {
  Answer answer;
  CHECK(fmt::format("{}", answer) == "NOERROR, 0 records");
  answer.add(Name("www.example"), std::chrono::minutes(5), rdata::A(192, 0, 2, 1));
  CHECK(fmt::format("{}", answer) == "NOERROR, 1 record");
  CHECK(fmt::format("{}", Answer::nameError()) == "NXDOMAIN, 0 records");
  CHECK(fmt::format("{}", Answer::noReply()) == "no reply");
}

TEST_CASE("an answer does not inherit the extended error of the one whose memory it reuses") {
  Answer(Rcode::SERVFAIL).setExtendedError(ExtendedErrorCode::notReady, "text");
  CHECK(Answer(Rcode::SERVFAIL).extendedError() == nullptr);
}

TEST_CASE("options are added in order, copied, and encoded as OPT has them") {
  Answer answer;
  CHECK_FALSE(answer.hasOptions());
  CHECK(answer.options().empty());
  {
    std::vector<std::uint8_t> octets{1, 2, 3};
    CHECK(answer.addOption(static_cast<EdnsOption>(65001), octets));
    octets.assign(3, 0);
  }
  CHECK(answer.addOption(static_cast<EdnsOption>(65002), {}));
  CHECK(answer.hasOptions());
  CHECK(std::ranges::equal(answer.options(), std::vector<std::uint8_t>{0xfd, 0xe9, 0, 3, 1, 2, 3, 0xfd, 0xea, 0, 0}));
}

TEST_CASE("options are no more than the bound, and what is too much leaves the others alone") {
  Answer answer;
  const std::vector<std::uint8_t> octets(Answer::maxOptions);
  const auto code = static_cast<EdnsOption>(65001);
  CHECK_FALSE(answer.addOption(code, octets));
  CHECK_FALSE(answer.addOption(code, ByteSpan(octets).first(Answer::maxOptions - 3)));
  CHECK(answer.addOption(code, ByteSpan(octets).first(Answer::maxOptions - 8)));
  CHECK_FALSE(answer.addOption(code, ByteSpan(octets).first(1)));
  CHECK(answer.addOption(code, {}));
  CHECK(answer.options().size() == Answer::maxOptions);
}

TEST_CASE("an option that the server writes itself is not added") {
  Answer answer;
  for (const EdnsOption code :
       {EdnsOption::NSID, EdnsOption::CLIENT_SUBNET, EdnsOption::COOKIE, EdnsOption::KEEPALIVE, EdnsOption::EDE})
    CHECK_FALSE(answer.addOption(code, {}));
  CHECK(answer.options().empty());
}

TEST_CASE("an answer is for all networks, for some bits of the client's, or says nothing of it") {
  Answer answer;
  CHECK_FALSE(answer.clientSubnetScope());
  answer.setClientSubnetScope(0);
  CHECK(answer.clientSubnetScope() == std::uint8_t{0});
  CHECK(answer.hasOptions());
  answer.setClientSubnetScope(24);
  CHECK(answer.clientSubnetScope() == std::uint8_t{24});
  CHECK_FALSE(Answer().clientSubnetScope());
}

}  // namespace taut::answer_test
