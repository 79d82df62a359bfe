// Record types that tell where a service is and how to reach it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "taut/base/bytes.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/rdata/field.hpp"
#include "taut/dns/rdata/kind.hpp"
#include "taut/dns/type.hpp"

namespace taut::rdata {

// RFC 2782
struct SRV {
  static constexpr Type type = Type::SRV;

  std::uint16_t priority = 0;
  std::uint16_t weight = 0;
  std::uint16_t port = 0;
  Name target;

  SRV() = default;
  SRV(std::uint16_t order, std::uint16_t share, std::uint16_t portNumber, NameView host)
      : priority(order), weight(share), port(portNumber), target(host) {}

  static constexpr auto fields() {
    return FieldList<Field<kind::U16, &SRV::priority>, Field<kind::U16, &SRV::weight>, Field<kind::U16, &SRV::port>,
                     Field<kind::DecompressibleName, &SRV::target>>();
  }
};

// RFC 3403 section 4.1
struct NAPTR {
  static constexpr Type type = Type::NAPTR;

  std::uint16_t order = 0;
  std::uint16_t preference = 0;
  std::string flags;
  std::string services;
  std::string regexp;
  Name replacement;

  NAPTR() = default;
  NAPTR(std::uint16_t orderValue, std::uint16_t preferenceValue, std::string_view flagCharacters,
        std::string_view serviceList, std::string_view expression, NameView name)
      : order(orderValue),
        preference(preferenceValue),
        flags(flagCharacters),
        services(serviceList),
        regexp(expression),
        replacement(name) {}

  static constexpr auto fields() {
    return FieldList<Field<kind::U16, &NAPTR::order>, Field<kind::U16, &NAPTR::preference>,
                     Field<kind::CharacterString, &NAPTR::flags>, Field<kind::CharacterString, &NAPTR::services>,
                     Field<kind::CharacterString, &NAPTR::regexp>,
                     Field<kind::DecompressibleName, &NAPTR::replacement>>();
  }
};

// The parameters of SVCB and HTTPS in ascending order of key (RFC 9460 section 2.2), values in wire form.
class SvcParams {
 public:
  struct Param {
    std::uint16_t key = 0;
    Bytes value;

    Param() = default;
    Param(std::uint16_t paramKey, Bytes paramValue) : key(paramKey), value(std::move(paramValue)) {}
  };

  SvcParams() = default;
  explicit SvcParams(ByteSpan wire);  // trusts the octets

  SvcParams& set(std::uint16_t key, Bytes value);  // replaces the key's value
  SvcParams& mandatory(std::vector<std::uint16_t> keys);
  SvcParams& alpn(const std::vector<std::string>& protocols);
  SvcParams& noDefaultAlpn();
  SvcParams& port(std::uint16_t number);
  SvcParams& ipv4hint(const std::vector<Ipv4>& addresses);
  SvcParams& ipv6hint(const std::vector<Ipv6>& addresses);

  const Bytes* find(std::uint16_t key) const;
  const std::vector<Param>& list() const { return params_; }

 private:
  std::vector<Param> params_;
};

namespace kind {

// RFC 9460 section 2
struct SvcParams {
  using Value = rdata::SvcParams;
  static void encode(const Value& value, ByteWriter& out);
  static void decode(ByteSpan octets, Value& value);
  static bool walk(RdataWalk& walk);
  static bool parse(RdataParser& parser);
  static bool print(RdataPrinter& printer);
};

}  // namespace kind

// RFC 9460 section 2.2; priority 0 is AliasMode.
template <Type recordType>
struct ServiceBinding {
  static constexpr Type type = recordType;

  std::uint16_t priority = 0;
  Name target;
  SvcParams params;

  ServiceBinding() = default;
  ServiceBinding(std::uint16_t order, NameView name) : priority(order), target(name) {}
  ServiceBinding(std::uint16_t order, NameView name, SvcParams parameters)
      : priority(order), target(name), params(std::move(parameters)) {}

  static constexpr auto fields() {
    return FieldList<Field<kind::U16, &ServiceBinding::priority>, Field<kind::PlainName, &ServiceBinding::target>,
                     Field<kind::SvcParams, &ServiceBinding::params>>();
  }
};

using SVCB = ServiceBinding<Type::SVCB>;
using HTTPS = ServiceBinding<Type::HTTPS>;

namespace kind {

// Number or mnemonic (RFC 9859 section 2.1).
struct DsyncScheme : U8 {
  static bool parse(RdataParser& parser);
  static bool print(RdataPrinter& printer);
};

}  // namespace kind

// RFC 9859 section 2.1
struct DSYNC {
  static constexpr Type type = Type::DSYNC;

  Type rrType{};
  std::uint8_t scheme = 0;
  std::uint16_t port = 0;
  Name target;

  DSYNC() = default;
  DSYNC(Type about, std::uint8_t schemeNumber, std::uint16_t portNumber, NameView name)
      : rrType(about), scheme(schemeNumber), port(portNumber), target(name) {}

  static constexpr auto fields() {
    return FieldList<Field<kind::RecordType, &DSYNC::rrType>, Field<kind::DsyncScheme, &DSYNC::scheme>,
                     Field<kind::U16, &DSYNC::port>, Field<kind::PlainName, &DSYNC::target>>();
  }
};

// draft-eastlake-kitchen-sink
struct SINK {
  static constexpr Type type = Type::SINK;

  std::uint8_t meaning = 0;
  std::uint8_t coding = 0;
  std::uint8_t subcoding = 0;
  Bytes data;

  SINK() = default;

  static constexpr auto fields() {
    return FieldList<Field<kind::U8, &SINK::meaning>, Field<kind::U8, &SINK::coding>, Field<kind::U8, &SINK::subcoding>,
                     Field<kind::OptionalBase64, &SINK::data>>();
  }
};

}  // namespace taut::rdata
