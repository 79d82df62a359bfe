// Record types that tell where a service is and how to reach it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "taut/dns/name.hpp"
#include "taut/dns/rdata/codec.hpp"
#include "taut/dns/rdata/field.hpp"
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
    return std::tuple(Field(FieldKind::u16, &SRV::priority), Field(FieldKind::u16, &SRV::weight),
                      Field(FieldKind::u16, &SRV::port), Field(FieldKind::receivedName, &SRV::target));
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
    return std::tuple(
        Field(FieldKind::u16, &NAPTR::order), Field(FieldKind::u16, &NAPTR::preference),
        Field(FieldKind::characterString, &NAPTR::flags), Field(FieldKind::characterString, &NAPTR::services),
        Field(FieldKind::characterString, &NAPTR::regexp), Field(FieldKind::receivedName, &NAPTR::replacement));
  }
};

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
    return std::tuple(Field(FieldKind::u16, &ServiceBinding::priority),
                      Field(FieldKind::plainName, &ServiceBinding::target),
                      Field(FieldKind::svcParams, &ServiceBinding::params));
  }
};

using SVCB = ServiceBinding<Type::SVCB>;
using HTTPS = ServiceBinding<Type::HTTPS>;

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
    return std::tuple(Field(FieldKind::type, &DSYNC::rrType), Field(FieldKind::dsyncScheme, &DSYNC::scheme),
                      Field(FieldKind::u16, &DSYNC::port), Field(FieldKind::plainName, &DSYNC::target));
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
    return std::tuple(Field(FieldKind::u8, &SINK::meaning), Field(FieldKind::u8, &SINK::coding),
                      Field(FieldKind::u8, &SINK::subcoding), Field(FieldKind::optionalBase64, &SINK::data));
  }
};

}  // namespace taut::rdata
