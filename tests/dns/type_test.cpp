#include "taut/dns/type.hpp"

#include <cctype>
#include <string>

#include <doctest/doctest.h>

namespace taut::type_test {

TEST_CASE("Every type with a mnemonic prints as the registry spells it and is read back") {
  std::size_t named = 0;
  for (unsigned value = 0; value <= 0xffff; ++value) {
    const auto type = static_cast<Type>(value);
    const std::string text = toString(type);
    if (text.rfind("TYPE", 0) != 0) ++named;
    REQUIRE((typeFromText(text) == type));
    std::string lower = text;
    for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    REQUIRE((typeFromText(lower) == type));
  }
  CHECK(named > 80);
  CHECK(toString(Type::AAAA) == "AAAA");
  CHECK(toString(Type::NULL_) == "NULL");
  CHECK(toString(Type::NSAP_PTR) == "NSAP-PTR");
  CHECK(toString(static_cast<Type>(65280)) == "TYPE65280");
}

TEST_CASE("Types without a mnemonic are TYPE and a number of 16 bits") {
  CHECK((typeFromText("TYPE1") == Type::A));
  CHECK((typeFromText("type65535") == static_cast<Type>(65535)));
  CHECK((typeFromText("TYPE00001") == Type::A));
  for (const char* text : {"TYPE", "TYPE65536", "TYPE-1", "TYPE+1", "TYPE1x", "TYPE 1", "TYPE99999999999", "TYP1"})
    CHECK_FALSE(typeFromText(text).has_value());
}

TEST_CASE("What is no mnemonic is no type") {
  for (const char* text : {"", "AA", "A ", " A", "AAAAA", "NULL_", "NSAP_PTR", "IN", "1"})
    CHECK_FALSE(typeFromText(text).has_value());
  CHECK_FALSE(typeFromText(std::string(100000, 'A')).has_value());
}

TEST_CASE("Classes print and are read like types") {
  for (unsigned value = 0; value <= 0xffff; ++value) {
    const auto rrClass = static_cast<Class>(value);
    REQUIRE((classFromText(toString(rrClass)) == rrClass));
  }
  CHECK(toString(Class::CH) == "CH");
  CHECK(toString(static_cast<Class>(7)) == "CLASS7");
  CHECK((classFromText("in") == Class::IN));
  CHECK((classFromText("class1") == Class::IN));
  for (const char* text : {"", "I", "INN", "CLASS", "CLASS65536", "CLASS1x"})
    CHECK_FALSE(classFromText(text).has_value());
}

TEST_CASE("Opcodes and RCODEs print their mnemonic, or a number") {
  CHECK(toString(Opcode::NOTIFY) == "NOTIFY");
  CHECK(toString(static_cast<Opcode>(9)) == "OPCODE9");
  CHECK(toString(Rcode::NXDOMAIN) == "NXDOMAIN");
  CHECK(toString(Rcode::BADVERS) == "BADVERS");
  CHECK(toString(static_cast<Rcode>(4095)) == "RCODE4095");
  CHECK(fmt::format("{} {} {} {}", Type::MX, Class::IN, Opcode::QUERY, Rcode::REFUSED) == "MX IN QUERY REFUSED");
}

TEST_CASE("Types that only ask are 128 to 255 and OPT") {
  for (const Type type :
       {Type::ANY, Type::AXFR, Type::IXFR, Type::MAILB, Type::TSIG, Type::TKEY, Type::OPT, Type::NXNAME})
    CHECK(isMetaType(type));
  for (const Type type : {Type::A, Type::NULL_, Type::DNAME, Type::URI, Type::EUI64, static_cast<Type>(127),
                          static_cast<Type>(256), static_cast<Type>(65535)})
    CHECK_FALSE(isMetaType(type));
}

}  // namespace taut::type_test
