#include "taut/dns/name.hpp"

#include <algorithm>
#include <array>
#include <random>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <unordered_set>
#include <vector>

#include <doctest/doctest.h>

#include "support/packet.hpp"

namespace taut::name_test {

namespace {

std::string label(std::size_t size, char octet = 'a') {
  return std::string(size, octet);
}

// 255 octets: three labels of 63, one of 61, the root.
std::string longestName() {
  return label(63) + "." + label(63, 'b') + "." + label(63, 'c') + "." + label(61, 'd');
}

NameError errorOf(std::string_view text, NameView origin = {}) {
  NameError error{};
  const auto name = Name::parse(text, origin, &error);
  REQUIRE_FALSE(name.has_value());
  return error;
}

std::optional<Name> readAt(ByteSpan message, std::size_t position) {
  ByteReader reader(message, position);
  return Name::read(message, reader);
}

// Names of few different octets, so that they often share labels, suffixes and sizes.
Name randomName(std::mt19937& random) {
  static constexpr std::array<char, 8> octets = {'a', 'A', 'b', 'B', '\1', '@', '[', '\xc1'};
  Name name;
  for (std::size_t labels = random() % 5; labels > 0; --labels) {
    std::string text;
    for (std::size_t size = 1 + random() % 10; size > 0; --size) text += octets[random() % octets.size()];
    name = Name::join(text, name).value();
  }
  return name;
}

}  // namespace

static_assert(std::is_trivially_copyable_v<Name> && sizeof(Name) == 256);
static_assert(std::is_trivially_copyable_v<NameView>);

TEST_CASE("Text becomes labels, with or without the final dot") {
  const std::array<std::uint8_t, 13> wire = {3, 'w', 'w', 'w', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0};
  CHECK(std::ranges::equal(Name("www.example").wire(), wire));
  CHECK(std::ranges::equal(Name("www.example.").wire(), wire));
  CHECK(Name("www.example").labelCount() == 2);
  CHECK(Name("www.example").firstLabel() == "www");
}

TEST_CASE("The root is one zero octet and prints as a dot") {
  CHECK(Name().size() == 1);
  CHECK(Name() == Name("."));
  CHECK(NameView().isRoot());
  CHECK(NameView().labelCount() == 0);
  CHECK(Name().toString() == ".");
  CHECK(fmt::format("{} {}", Name("a.b"), NameView()) == "a.b. .");
}

TEST_CASE("Relative text is completed by the origin, and @ stands for it") {
  const Name origin("example.com");
  CHECK(Name::parse("www", origin) == Name("www.example.com"));
  CHECK(Name::parse("www.", origin) == Name("www"));
  CHECK(Name::parse("@", origin) == origin);
  CHECK(Name::parse("\\@", origin) == Name::join("@", origin));
  CHECK(Name::parse(".", origin) == Name());
}

TEST_CASE("A label has 1 to 63 octets") {
  CHECK(Name::parse(label(63)).has_value());
  CHECK(errorOf(label(64)) == NameError::labelTooLong);
  CHECK(errorOf("a." + label(64) + ".b") == NameError::labelTooLong);
  CHECK(errorOf("a..b") == NameError::emptyLabel);
  CHECK(errorOf(".a") == NameError::emptyLabel);
  CHECK(errorOf("a..") == NameError::emptyLabel);
  CHECK(errorOf("..") == NameError::emptyLabel);
  CHECK(errorOf("") == NameError::emptyLabel);
}

TEST_CASE("A name has at most 255 octets, its origin included") {
  const auto longest = Name::parse(longestName());
  REQUIRE(longest.has_value());
  CHECK(longest->size() == 255);
  CHECK(Name::parse(longestName() + ".") == longest);
  CHECK(errorOf(longestName() + "d") == NameError::nameTooLong);
  CHECK(errorOf(longestName() + ".d") == NameError::nameTooLong);

  std::string most;
  for (std::size_t i = 0; i < maxLabelCount; ++i) most += "x.";
  CHECK(Name(most).size() == 255);
  CHECK(Name(most).labelCount() == maxLabelCount);
  CHECK(errorOf(most + "x") == NameError::nameTooLong);

  const Name origin(label(63) + "." + label(63) + "." + label(63));  // 193 octets
  CHECK(Name::parse(label(61), origin)->size() == 255);
  CHECK(errorOf(label(62), origin) == NameError::nameTooLong);
}

TEST_CASE("Escapes are a backslash before any character, or before three digits up to 255") {
  CHECK(Name("a\\.b.c").labelCount() == 2);
  CHECK(Name("a\\.b.c").firstLabel() == "a.b");
  CHECK(Name("\\097\\255").firstLabel() == "a\xff");
  CHECK(Name("\\\\").firstLabel() == "\\");
  CHECK(errorOf("a\\") == NameError::badEscape);
  CHECK(errorOf("\\25") == NameError::badEscape);
  CHECK(errorOf("\\2x5") == NameError::badEscape);
  CHECK(errorOf("\\256") == NameError::badEscape);
  CHECK(errorOf("\\999.com") == NameError::badEscape);
}

TEST_CASE("A name in source code that is none throws, with the reason") {
  CHECK_THROWS_WITH_AS(Name("a..b"), "'a..b' is not a domain name: empty label", std::invalid_argument);
  CHECK_THROWS_AS(Name("\\300"), std::invalid_argument);
}

TEST_CASE("Every octet survives printing and reading") {
  for (int octet = 0; octet < 256; ++octet) {
    const std::string text{static_cast<char>(octet), 'x', static_cast<char>(octet)};
    const Name name = Name::join(text, Name("example")).value();
    const std::string printed = name.toString();
    CAPTURE(printed);
    const auto again = Name::parse(printed);
    REQUIRE(again.has_value());
    CHECK(std::ranges::equal(again->wire(), name.wire()));
    CHECK(std::ranges::all_of(printed, [](char c) { return c > 0x20 && c < 0x7f; }));
  }
}

TEST_CASE("Printing escapes what means something in a master file and what cannot be printed") {
  CHECK(Name::join("a.b\\c", Name())->toString() == "a\\.b\\\\c.");
  CHECK(Name::join("\"();@$", Name())->toString() == "\\\"\\(\\)\\;\\@\\$.");
  CHECK(Name::join(std::string_view(" \0\x7f\xff", 4), Name())->toString() == "\\032\\000\\127\\255.");
  CHECK(Name::join("-_*/", Name())->toString() == "-_*/.");
}

TEST_CASE("Folding eight octets at once folds each as folding one does, in every lane") {
  for (unsigned octet = 0; octet < 256; ++octet) {
    const std::uint8_t folded = foldCase(static_cast<std::uint8_t>(octet));
    CHECK(folded == (octet >= 'A' && octet <= 'Z' ? octet + 32 : octet));
    for (unsigned lane = 0; lane < 8; ++lane) {
      for (const std::uint64_t others : {std::uint64_t{0}, std::uint64_t{0x4141414141414141}, ~std::uint64_t{0}}) {
        const std::uint64_t hole = ~(std::uint64_t{0xff} << 8 * lane);
        const std::uint64_t word = (others & hole) | std::uint64_t{octet} << 8 * lane;
        const std::uint64_t expected =
            ((others == 0x4141414141414141U ? 0x6161616161616161U : others) & hole) | std::uint64_t{folded} << 8 * lane;
        REQUIRE(foldCase8(word) == expected);
      }
    }
  }
}

TEST_CASE("Case is kept and never significant: equality, hash, order and printing say so") {
  const Name lower("www.example.com");
  const Name mixed("wWw.ExAmPlE.cOm");
  CHECK(lower == mixed);
  CHECK(lower.hash() == mixed.hash());
  CHECK((lower <=> mixed) == 0);
  CHECK(mixed.toString() == "wWw.ExAmPlE.cOm.");
  CHECK(mixed.toLower().toString() == "www.example.com.");
  CHECK(lower != Name("wwx.example.com"));
}

TEST_CASE("Only ASCII letters have case") {
  // Each pair differs by the bit that differs between the cases of a letter.
  for (const auto& [left, right] : {std::pair{"@", "`"}, {"[", "{"}, {"]", "}"}, {"\xc1", "\xe1"}, {"\x01", "\x21"}}) {
    const Name a = Name::join(left, Name()).value();
    const Name b = Name::join(right, Name()).value();
    CHECK(a != b);
    CHECK((a <=> b) != 0);
    CHECK(a.toLower() != b.toLower());
  }
}

TEST_CASE("Equality compares every octet, whatever the size") {
  for (std::size_t size = 1; size <= maxLabelSize; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      std::string text = label(size);
      const Name name(text);
      text[at] = 'A';
      REQUIRE(Name(text) == name);
      REQUIRE(Name(text).hash() == name.hash());
      text[at] = 'b';
      REQUIRE(Name(text) != name);
      REQUIRE(Name(text).hash() != name.hash());
      REQUIRE(name < Name(text));
    }
  }
}

TEST_CASE("Where the labels divide is significant") {
  CHECK(Name("ab.c") != Name("a.bc"));
  CHECK(Name("ab.c") != Name("abc"));
  CHECK(Name("a\\.b") != Name("a.b"));
  CHECK(Name("ab.c").hash() != Name("a.bc").hash());
}

TEST_CASE("Equality, hash and order agree for names of any octets") {
  std::mt19937 random(4034);
  std::vector<Name> names;
  for (int i = 0; i < 300; ++i) names.push_back(randomName(random));
  for (const Name& a : names) {
    for (const Name& b : names) {
      const bool same = a == b;
      REQUIRE(((a <=> b) == 0) == same);
      REQUIRE((a < b) == (b > a));
      REQUIRE(std::ranges::equal(a.toLower().wire(), b.toLower().wire()) == same);
      if (same) REQUIRE(a.hash() == b.hash());
    }
  }
  std::ranges::sort(names, [](const Name& a, const Name& b) { return a < b; });
  for (std::size_t i = 1; i < names.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) REQUIRE(names[j] <= names[i]);
}

TEST_CASE("The hash tells the names of a large zone apart, in its low bits too") {
  std::unordered_set<std::uint64_t> hashes;
  std::vector<std::size_t> buckets(1024);
  for (int i = 0; i < 20000; ++i) {
    const std::uint64_t hash = Name(fmt::format("host{}.example.com", i)).hash();
    hashes.insert(hash);
    ++buckets[hash % buckets.size()];
  }
  CHECK(hashes.size() == 20000);
  CHECK(std::ranges::max(buckets) < 60);  // 19.5 on average
}

TEST_CASE("The canonical order is that of RFC 4034 section 6.1") {
  const std::array<Name, 9> ordered = {
      Name("example"),         Name("a.example"),      Name("yljkjljk.a.example"),
      Name("Z.a.example"),     Name("zABC.a.EXAMPLE"), Name("z.example"),
      Name("\\001.z.example"), Name("*.z.example"),    Name("\\200.z.example"),
  };
  for (std::size_t i = 0; i < ordered.size(); ++i)
    for (std::size_t j = 0; j < ordered.size(); ++j) {
      CAPTURE(ordered[i].toString());
      CAPTURE(ordered[j].toString());
      CHECK((ordered[i] <=> ordered[j]) == (i <=> j));
    }
}

TEST_CASE("The canonical order compares labels as strings of octets, the shorter first") {
  CHECK(Name("a.example") < Name("aa.example"));
  CHECK(Name("b.example") > Name("aa.example"));
  CHECK(Name() < Name("a"));
  CHECK(Name("aaaaaaaab.example") < Name("aaaaaaaac.example"));
  CHECK(Name("AAAAAAAAB.example") < Name("aaaaaaaac.EXAMPLE"));
  CHECK(Name("aaaaaaaa.example") < Name("aaaaaaaaa.example"));
  CHECK(Name("zzzzzzzz.a.example") < Name("a.b.example"));
  CHECK(Name("\\200aaaaaaa.example") > Name("zaaaaaaa.example"));  // unsigned
}

TEST_CASE("A name is within another at the boundaries of labels only") {
  const Name domain("example.com");
  CHECK(Name("example.com").isWithin(domain));
  CHECK(Name("WWW.Example.COM").isWithin(domain));
  CHECK(Name("a.b.c.example.com").isWithin(domain));
  CHECK(domain.isWithin(NameView()));
  CHECK_FALSE(Name("xexample.com").isWithin(domain));
  CHECK_FALSE(Name("com").isWithin(domain));
  CHECK_FALSE(Name("example.org").isWithin(domain));
  CHECK_FALSE(Name("example.com.org").isWithin(domain));
  CHECK_FALSE(Name("www.example.net").isWithin(Name("example.org")));  // siblings
  CHECK_FALSE(NameView().isWithin(domain));
}

TEST_CASE("A label that holds the octets of a suffix is not within it") {
  // One label: 'x', then the wire form of example.com without the root.
  const std::string octets("x\7example\3com", 13);
  CHECK_FALSE(Name::join(octets, Name())->isWithin(Name("example.com")));
  CHECK_FALSE(Name::join(octets, Name("org"))->isWithin(Name("com.org")));
}

TEST_CASE("A name is not below itself") {
  CHECK(Name("a.example").isBelow(Name("example")));
  CHECK_FALSE(Name("example").isBelow(Name("EXAMPLE")));
  CHECK_FALSE(Name("example").isBelow(Name("a.example")));
  CHECK_FALSE(Name().isBelow(Name()));
}

TEST_CASE("Suffixes count labels from the root") {
  const Name name("a.bb.ccc.dddd");
  CHECK(name.suffix(0).isRoot());
  CHECK(name.suffix(1) == Name("dddd"));
  CHECK(name.suffix(3) == Name("bb.ccc.dddd"));
  CHECK(name.suffix(4) == name);
  CHECK(name.suffix(5) == name);
  CHECK(name.suffix(SIZE_MAX) == name);
  CHECK(name.parent() == name.suffix(3));
}

TEST_CASE("The first label is compared without regard to case, and what follows a prefix keeps its own") {
  const Name name("WorkStation7.Example.com");
  CHECK(name.firstLabelEquals("workstation7"));
  CHECK_FALSE(name.firstLabelEquals("workstation"));
  CHECK_FALSE(name.firstLabelEquals("workstation77"));
  CHECK(name.firstLabelStartsWith("WORK"));
  CHECK(name.firstLabelStartsWith(""));
  CHECK_FALSE(name.firstLabelStartsWith("ork"));
  CHECK_FALSE(name.firstLabelStartsWith("workstation7.example"));
  CHECK(name.firstLabelAfter("work") == "Station7");
  CHECK(name.firstLabelAfter("workstation7") == "");
  CHECK_FALSE(name.firstLabelAfter("workstation78"));
  CHECK_FALSE(Name("@").firstLabelStartsWith("`"));
  CHECK_FALSE(Name().firstLabelStartsWith("a"));
  CHECK(Name().firstLabelEquals(""));
}

TEST_CASE("A number after a prefix is decimal digits to the end of the first label, and in the range of its type") {
  const auto octet = [](const char* name) { return Name(name).firstLabelNumber<std::uint8_t>("host"); };
  CHECK(octet("host0.example") == 0);
  CHECK(octet("HOST7.example") == 7);
  CHECK(octet("host007.example") == 7);
  CHECK(octet("host255") == 255);
  for (const char* const none : {"host", "host256", "host-1", "host+1", "host7x", "host\\0327", "hos7", "7", "."})
    CHECK_FALSE_MESSAGE(octet(none), none);
  CHECK(Name("n65535").firstLabelNumber<std::uint16_t>("N") == 65535);
  CHECK(Name("4294967295").firstLabelNumber<std::uint32_t>("") == 4294967295);
  CHECK(Name("18446744073709551615").firstLabelNumber<std::uint64_t>("") == 18446744073709551615u);
  CHECK_FALSE(Name("18446744073709551616").firstLabelNumber<std::uint64_t>(""));
}

TEST_CASE("A wildcard has an asterisk alone for its first label") {
  CHECK(Name("*.example").isWildcard());
  CHECK(Name("*").isWildcard());
  CHECK_FALSE(Name("**.example").isWildcard());
  CHECK_FALSE(Name("a.*.example").isWildcard());
  CHECK_FALSE(NameView().isWildcard());
}

TEST_CASE("Joining keeps to the limits of labels and names") {
  const Name origin(label(63) + "." + label(63) + "." + label(63));
  CHECK(Name::join("www", Name("example.com")) == Name("www.example.com"));
  CHECK(Name::join(label(61), origin)->size() == 255);
  CHECK_FALSE(Name::join(label(62), origin).has_value());
  CHECK_FALSE(Name::join("", origin).has_value());
  CHECK_FALSE(Name::join(label(64), Name()).has_value());
}

TEST_CASE("Substitution replaces a suffix, and fails where the result is too long") {
  CHECK(Name::substitute(Name("a.b.example.com"), Name("example.com"), Name("example.net.")) ==
        Name("a.b.example.net"));
  CHECK(Name::substitute(Name("example.com"), Name("com"), Name()) == Name("example"));
  CHECK(Name::substitute(Name("example"), Name(), Name("org")) == Name("example.org"));
  const Name longOne(label(63) + "." + label(63) + "." + label(63));
  CHECK(Name::substitute(Name(label(61) + ".x"), Name("x"), longOne)->size() == 255);
  CHECK_FALSE(Name::substitute(Name(label(62) + ".x"), Name("x"), longOne).has_value());
}

TEST_CASE("A name may be assigned a part of itself") {
  Name name("www.example.com");
  name = name.parent();
  CHECK(name == Name("example.com"));
  name = {};
  CHECK(name.isRoot());
}

TEST_CASE("An uncompressed name is taken from octets only where it is whole and valid") {
  const Name name(longestName());
  std::vector<std::uint8_t> octets(name.wire().begin(), name.wire().end());
  octets.push_back(99);
  CHECK(NameView::fromWire(octets) == name.view());
  for (std::size_t size = 0; size < name.size(); ++size)
    REQUIRE_FALSE(NameView::fromWire(ByteSpan(octets).first(size)).has_value());
  for (const unsigned length : {64U, 0x80U, 0xc0U, 0xffU}) {
    CHECK_FALSE(NameView::fromWire(Packet().u8(length).bytes(std::vector<std::uint8_t>(300))).has_value());
    CHECK_FALSE(NameView::fromWire(Packet().label("a").u8(length).bytes(std::vector<std::uint8_t>(300))).has_value());
  }
  Packet tooLong;
  tooLong.bytes(name.wire().first(254)).label("x").u8(0);
  CHECK_FALSE(NameView::fromWire(tooLong).has_value());
}

TEST_CASE("A compressed name is read through its pointers, and the reader stands after the first") {
  Packet packet = Packet::header(0, 0);
  packet.label("example").label("com").u8(0);  // 12
  packet.label("www").pointer(12);             // 25
  packet.label("a").pointer(25).u8(0x77);      // 31
  ByteReader reader(packet.span(), 31);
  CHECK(Name::read(packet, reader) == Name("a.www.example.com"));
  CHECK(reader.position() == 35);
  CHECK(reader.u8() == 0x77);

  ByteReader plain(packet.span(), 12);
  CHECK(Name::read(packet, plain) == Name("example.com"));
  CHECK(plain.position() == 25);
}

TEST_CASE("A pointer leads backwards only, and never into the header") {
  const auto at16 = [](std::size_t target) {
    Packet packet = Packet::header(0, 0);
    packet.label("abc").pointer(target).u8(0);
    return readAt(packet, 12);
  };
  CHECK_FALSE(at16(12).has_value());  // the name itself
  CHECK_FALSE(at16(16).has_value());  // the pointer itself
  CHECK_FALSE(at16(18).has_value());  // forwards
  CHECK_FALSE(at16(0x3fff).has_value());
  CHECK_FALSE(at16(0).has_value());  // the header
  CHECK_FALSE(at16(11).has_value());

  Packet zeroes = Packet::header(0, 0);
  zeroes.u8(0).pointer(12).pointer(13).pointer(15);
  CHECK(readAt(zeroes, 13) == Name());
  CHECK(readAt(zeroes, 17) == Name());  // a pointer to a pointer to a pointer

  Packet loop = Packet::header(0, 0);
  loop.pointer(14).pointer(12);
  CHECK_FALSE(readAt(loop, 12).has_value());
  CHECK_FALSE(readAt(loop, 14).has_value());
}

TEST_CASE("A pointer into the middle of the run that it ends is refused") {
  Packet packet = Packet::header(0, 0);
  packet.label("abc").label("def").pointer(16).u8(0);
  CHECK_FALSE(readAt(packet, 12).has_value());
}

TEST_CASE("Labels beyond 63 octets and reserved label types are refused") {
  for (unsigned length = 64; length < 0xc0; ++length) {
    Packet packet = Packet::header(0, 0);
    packet.u8(length).bytes(std::vector<std::uint8_t>(300, 'a'));
    REQUIRE_FALSE(readAt(packet, 12).has_value());
  }
}

TEST_CASE("A name of 255 octets is read through pointers, one of 256 is not") {
  Packet packet = Packet::header(0, 0);
  packet.name(label(63) + "." + label(63) + "." + label(63));  // 193 octets at 12
  const std::size_t fits = packet.size();
  packet.label(label(61)).pointer(12);
  const std::size_t tooLong = packet.size();
  packet.label(label(62)).pointer(12);
  const std::size_t alsoTooLong = packet.size();
  packet.label("x").pointer(fits);
  CHECK(readAt(packet, fits)->size() == 255);
  CHECK_FALSE(readAt(packet, tooLong).has_value());
  CHECK_FALSE(readAt(packet, alsoTooLong).has_value());
}

TEST_CASE("A name that ends with the message is refused, wherever it is cut") {
  Packet packet = Packet::header(0, 0);
  packet.name("example.com").label("www").pointer(12);
  for (std::size_t size = 12; size < packet.size(); ++size) {
    const ByteSpan cut = packet.span().first(size);
    CHECK(readAt(cut, 12).has_value() == (size >= 25));
    if (size >= 25) CHECK_FALSE(readAt(cut, 25).has_value());
  }
  CHECK_FALSE(readAt({}, 0).has_value());
  CHECK_FALSE(readAt(packet, packet.size()).has_value());
  CHECK_FALSE(readAt(packet, packet.size() + 1).has_value());
}

TEST_CASE("What cannot be read fails the reader and leaves the root") {
  Packet packet = Packet::header(0, 0);
  packet.label("abc").pointer(12);
  ByteReader reader(packet.span(), 12);
  Name name("left.over");
  CHECK_FALSE(Name::read(packet, reader, name));
  CHECK_FALSE(reader.ok());
  CHECK(name.isRoot());
  CHECK_FALSE(Name::read(packet, reader, name));  // and stays failed
}

TEST_CASE("A name may not go on past the end of a reader that ends before the message") {
  Packet packet = Packet::header(0, 0);
  packet.name("example.com");
  ByteReader reader(packet.span().first(20), 12);
  CHECK_FALSE(Name::read(packet, reader).has_value());
}

TEST_CASE("The pointers of one name are at most 127, so that hostile chains cost little") {
  Packet packet = Packet::header(0, 0);
  packet.u8(0).pointer(12);
  for (std::size_t pointers = 1; pointers < 8000; ++pointers) packet.pointer(13 + 2 * (pointers - 1));
  const auto through = [&](std::size_t pointers) { return readAt(packet, 13 + 2 * (pointers - 1)); };
  CHECK(through(1) == Name());
  CHECK(through(maxLabelCount) == Name());
  CHECK_FALSE(through(maxLabelCount + 1).has_value());
  CHECK_FALSE(through(8000).has_value());
}

TEST_CASE("Reading a name from any octets ends, and gives a valid name or none") {
  std::mt19937 random(1035);
  std::size_t read = 0;
  for (int round = 0; round < 3000; ++round) {
    std::vector<std::uint8_t> octets(12 + random() % 200);
    for (std::uint8_t& octet : octets) {
      const auto choice = random() % 4;
      octet = static_cast<std::uint8_t>(choice == 0 ? 0xc0 : choice == 1 ? 0 : random() % (choice == 2 ? 8 : 256));
    }
    for (std::size_t at = 0; at <= octets.size(); ++at) {
      ByteReader reader(octets, at);
      const auto name = Name::read(octets, reader);
      REQUIRE(reader.ok() == name.has_value());
      if (!name) continue;
      ++read;
      REQUIRE(reader.position() > at);
      const auto again = NameView::fromWire(name->wire());
      REQUIRE(again.has_value());
      REQUIRE(again->size() == name->size());
    }
  }
  CHECK(read > 10000);
}

TEST_CASE("Hashed containers find names by views of them, whatever the case") {
  std::unordered_set<Name, NameHash, NameEqual> names = {Name("example.com"), Name("example.org")};
  CHECK(names.contains(Name("EXAMPLE.com").view()));
  CHECK(names.contains(Name("www.example.org").parent()));
  CHECK_FALSE(names.contains(Name("example.net").view()));
}

}  // namespace taut::name_test
