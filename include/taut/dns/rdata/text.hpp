// Record types that hold text. Strings are octets as on the wire: no escapes, each at most 255 octets unless said.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "taut/base/bytes.hpp"
#include "taut/dns/rdata/field.hpp"
#include "taut/dns/rdata/kind.hpp"
#include "taut/dns/type.hpp"

namespace taut::rdata {

namespace kind {

// To the end: one or more character strings.
struct CharacterStrings {
  using Value = std::vector<std::string>;
  static void encode(const Value& value, ByteWriter& out);
  static void decode(ByteSpan octets, Value& value);
  static bool walk(RdataWalk& walk);
  static bool parse(RdataParser& parser);
  static bool print(RdataPrinter& printer);
};

}  // namespace kind

// One or more character strings.
template <Type recordType>
struct TextStrings {
  static constexpr Type type = recordType;

  std::vector<std::string> strings;

  TextStrings() = default;
  explicit TextStrings(std::string_view string) : strings{std::string(string)} {}
  TextStrings(std::initializer_list<std::string_view> list) : strings(list.begin(), list.end()) {}

  static constexpr auto fields() { return FieldList<Field<kind::CharacterStrings, &TextStrings::strings>>(); }
};

using TXT = TextStrings<Type::TXT>;          // RFC 1035 section 3.3.14
using SPF = TextStrings<Type::SPF>;          // RFC 7208 section 3.1, obsolete
using NINFO = TextStrings<Type::NINFO>;      // draft-lewis-dns-ninfo
using AVC = TextStrings<Type::AVC>;          // Application Visibility and Control
using RESINFO = TextStrings<Type::RESINFO>;  // RFC 9606
using WALLET = TextStrings<Type::WALLET>;
using CLA = TextStrings<Type::CLA>;

// RFC 1035 section 3.3.2, RFC 8482 section 4.2
struct HINFO {
  static constexpr Type type = Type::HINFO;

  std::string cpu;
  std::string os;

  HINFO() = default;
  HINFO(std::string_view cpuName, std::string_view osName) : cpu(cpuName), os(osName) {}

  static constexpr auto fields() {
    return FieldList<Field<kind::CharacterString, &HINFO::cpu>, Field<kind::CharacterString, &HINFO::os>>();
  }
};

// RFC 7553 section 4.5; only RDATA's own limit bounds the target.
struct URI {
  static constexpr Type type = Type::URI;

  std::uint16_t priority = 0;
  std::uint16_t weight = 0;
  std::string target;

  URI() = default;
  URI(std::uint16_t order, std::uint16_t share, std::string_view uri) : priority(order), weight(share), target(uri) {}

  static constexpr auto fields() {
    return FieldList<Field<kind::U16, &URI::priority>, Field<kind::U16, &URI::weight>,
                     Field<kind::Text, &URI::target>>();
  }
};

namespace kind {

// A character string of letters and digits (RFC 8659 section 4.1).
struct Tag : CharacterString {
  static bool walk(RdataWalk& walk);
  static bool parse(RdataParser& parser);
  static bool print(RdataPrinter& printer);
};

}  // namespace kind

// RFC 8659 section 4.1; only RDATA's own limit bounds the value.
struct CAA {
  static constexpr Type type = Type::CAA;

  std::uint8_t flags = 0;
  std::string tag;
  std::string value;

  CAA() = default;
  CAA(std::uint8_t flagBits, std::string_view property, std::string_view text)
      : flags(flagBits), tag(property), value(text) {}

  static constexpr auto fields() {
    return FieldList<Field<kind::U8, &CAA::flags>, Field<kind::Tag, &CAA::tag>, Field<kind::Text, &CAA::value>>();
  }
};

namespace kind {

// Base64 to the end, an unquoted dash where empty.
struct DashBase64 : Base64 {
  static bool walk(RdataWalk& walk);
  static bool parse(RdataParser& parser);
  static bool print(RdataPrinter& printer);
};

}  // namespace kind

// draft-durand-doa-over-dns
struct DOA {
  static constexpr Type type = Type::DOA;

  std::uint32_t enterprise = 0;
  std::uint32_t doaType = 0;
  std::uint8_t location = 0;
  std::string mediaType;
  Bytes data;

  DOA() = default;

  static constexpr auto fields() {
    return FieldList<Field<kind::U32, &DOA::enterprise>, Field<kind::U32, &DOA::doaType>,
                     Field<kind::U8, &DOA::location>, Field<kind::CharacterString, &DOA::mediaType>,
                     Field<kind::DashBase64, &DOA::data>>();
  }
};

}  // namespace taut::rdata
