// Record types whose RDATA is names, with a number or two: those of RFC 1035 section 3.3, and later ones of that form.
#pragma once

#include <cstdint>

#include "taut/dns/name.hpp"
#include "taut/dns/rdata/field.hpp"
#include "taut/dns/rdata/kind.hpp"
#include "taut/dns/type.hpp"

namespace taut::rdata {

// Types that point at one name, which a writer may compress.
template <Type recordType>
struct SingleName {
  static constexpr Type type = recordType;

  Name target;

  SingleName() = default;
  explicit SingleName(NameView name) : target(name) {}

  static constexpr auto fields() { return FieldList<Field<kind::CompressibleName, &SingleName::target>>(); }
};

using NS = SingleName<Type::NS>;
using MD = SingleName<Type::MD>;  // obsolete
using MF = SingleName<Type::MF>;  // obsolete
using CNAME = SingleName<Type::CNAME>;
using MB = SingleName<Type::MB>;
using MG = SingleName<Type::MG>;
using MR = SingleName<Type::MR>;
using PTR = SingleName<Type::PTR>;

namespace kind {

// Seconds; TTL units are understood (taut/dns/ttl.hpp).
struct Duration : U32 {
  static bool parse(RdataParser& parser);
};

}  // namespace kind

// RFC 1035 section 3.3.13; `minimum` is the negative TTL (RFC 2308 section 4). Times in seconds.
struct SOA {
  static constexpr Type type = Type::SOA;

  Name primary;  // MNAME
  Name mailbox;  // RNAME
  std::uint32_t serial = 0;
  std::uint32_t refresh = 0;
  std::uint32_t retry = 0;
  std::uint32_t expire = 0;
  std::uint32_t minimum = 0;

  SOA() = default;
  SOA(NameView mname, NameView rname, std::uint32_t serialNumber, std::uint32_t refreshTime, std::uint32_t retryTime,
      std::uint32_t expireTime, std::uint32_t minimumTtl)
      : primary(mname),
        mailbox(rname),
        serial(serialNumber),
        refresh(refreshTime),
        retry(retryTime),
        expire(expireTime),
        minimum(minimumTtl) {}

  static constexpr auto fields() {
    return FieldList<Field<kind::CompressibleName, &SOA::primary>, Field<kind::CompressibleName, &SOA::mailbox>,
                     Field<kind::U32, &SOA::serial>, Field<kind::Duration, &SOA::refresh>,
                     Field<kind::Duration, &SOA::retry>, Field<kind::Duration, &SOA::expire>,
                     Field<kind::Duration, &SOA::minimum>>();
  }
};

// RFC 1035 section 3.3.7
struct MINFO {
  static constexpr Type type = Type::MINFO;

  Name responsible;  // RMAILBX
  Name errors;       // EMAILBX

  MINFO() = default;
  MINFO(NameView rmailbx, NameView emailbx) : responsible(rmailbx), errors(emailbx) {}

  static constexpr auto fields() {
    return FieldList<Field<kind::CompressibleName, &MINFO::responsible>,
                     Field<kind::CompressibleName, &MINFO::errors>>();
  }
};

// RFC 1035 section 3.3.9
struct MX {
  static constexpr Type type = Type::MX;

  std::uint16_t preference = 0;
  Name exchange;

  MX() = default;
  MX(std::uint16_t preferenceValue, NameView host) : preference(preferenceValue), exchange(host) {}

  static constexpr auto fields() {
    return FieldList<Field<kind::U16, &MX::preference>, Field<kind::CompressibleName, &MX::exchange>>();
  }
};

// RFC 1183 section 2.2
struct RP {
  static constexpr Type type = Type::RP;

  Name mailbox;
  Name text;  // owner of TXT records

  RP() = default;
  RP(NameView mbox, NameView txt) : mailbox(mbox), text(txt) {}

  static constexpr auto fields() {
    return FieldList<Field<kind::DecompressibleName, &RP::mailbox>, Field<kind::DecompressibleName, &RP::text>>();
  }
};

// A number, then a host that an old server may have compressed.
template <Type recordType>
struct PreferredName {
  static constexpr Type type = recordType;

  std::uint16_t preference = 0;  // AFSDB: subtype
  Name host;

  PreferredName() = default;
  PreferredName(std::uint16_t preferenceValue, NameView name) : preference(preferenceValue), host(name) {}

  static constexpr auto fields() {
    return FieldList<Field<kind::U16, &PreferredName::preference>,
                     Field<kind::DecompressibleName, &PreferredName::host>>();
  }
};

using AFSDB = PreferredName<Type::AFSDB>;  // RFC 1183 section 1, RFC 5864
using RT = PreferredName<Type::RT>;        // RFC 1183 section 3.3

// RFC 2163 section 4
struct PX {
  static constexpr Type type = Type::PX;

  std::uint16_t preference = 0;
  Name map822;
  Name mapx400;

  PX() = default;
  PX(std::uint16_t preferenceValue, NameView rfc822, NameView x400)
      : preference(preferenceValue), map822(rfc822), mapx400(x400) {}

  static constexpr auto fields() {
    return FieldList<Field<kind::U16, &PX::preference>, Field<kind::DecompressibleName, &PX::map822>,
                     Field<kind::DecompressibleName, &PX::mapx400>>();
  }
};

// RFC 2230 section 3.1
struct KX {
  static constexpr Type type = Type::KX;

  std::uint16_t preference = 0;
  Name exchanger;

  KX() = default;
  KX(std::uint16_t preferenceValue, NameView host) : preference(preferenceValue), exchanger(host) {}

  static constexpr auto fields() {
    return FieldList<Field<kind::U16, &KX::preference>, Field<kind::DowncasedName, &KX::exchanger>>();
  }
};

// RFC 6742 section 2.4
struct LP {
  static constexpr Type type = Type::LP;

  std::uint16_t preference = 0;
  Name target;  // owner of L32 and L64 records

  LP() = default;
  LP(std::uint16_t preferenceValue, NameView name) : preference(preferenceValue), target(name) {}

  static constexpr auto fields() {
    return FieldList<Field<kind::U16, &LP::preference>, Field<kind::PlainName, &LP::target>>();
  }
};

// RFC 6672 section 2.1
struct DNAME {
  static constexpr Type type = Type::DNAME;

  Name target;

  DNAME() = default;
  explicit DNAME(NameView name) : target(name) {}

  static constexpr auto fields() { return FieldList<Field<kind::DowncasedName, &DNAME::target>>(); }
};

// RFC 1348
struct NSAP_PTR {
  static constexpr Type type = Type::NSAP_PTR;

  Name target;

  NSAP_PTR() = default;
  explicit NSAP_PTR(NameView name) : target(name) {}

  static constexpr auto fields() { return FieldList<Field<kind::PlainName, &NSAP_PTR::target>>(); }
};

// draft-wijngaards-dnsop-trust-history
struct TALINK {
  static constexpr Type type = Type::TALINK;

  Name previous;
  Name next;

  TALINK() = default;
  TALINK(NameView before, NameView after) : previous(before), next(after) {}

  static constexpr auto fields() {
    return FieldList<Field<kind::PlainName, &TALINK::previous>, Field<kind::PlainName, &TALINK::next>>();
  }
};

}  // namespace taut::rdata
