// Judges the reply of a server, and takes the records from it that may be kept. Whatever is kept of replies goes
// through here first, so it is here that a server is held to its bailiwick: it is believed about the zone that it was
// asked as a server of, and about nothing else.
//
//  - Answer section: the RRsets asked for, and the aliases that lead to them (RFC 1034 section 3.6.2, RFC 6672), as far
//    as the chain stays in the zone. Where it leaves the zone, other servers are to be asked about its target. Only the
//    first name of a chain is graded as authoritative (RFC 2181 section 5.4.1). A DNAME counts in the answer section
//    alone, above the name, and in the zone; the CNAME that comes of it is made here, and one in the reply that says
//    something else makes the reply garbage.
//  - Authority section: of a negative reply the SOA and the signed NSEC and NSEC3 records; of an answer these proofs
//    alone, because NS records there have no business with the question. Of a referral the NS records of one cut,
//    below the zone and at or above the name, with the DS records there or the proof that there are none.
//  - Additional section: in a referral the addresses of the name servers that it names, where they lie in the zone
//    (RFC 9471), and in the reply to a priming query (RFC 8109) those of the root's; from a forwarder also those of the
//    names that the answer refers to.
//
// All of it is bounded: at most 13 name servers at random where there are more, 6 addresses of each, 256 records and
// 64 KiB in an RRset, 100 types of a name, 8 signatures of an RRset, 8 RRsets of proofs, 11 links of a chain.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "taut/base/address_policy.hpp"
#include "taut/base/local_pool.hpp"
#include "taut/dns/message_view.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/question.hpp"
#include "taut/dns/rrset.hpp"
#include "taut/dns/type.hpp"
#include "taut/recursor/trust_grade.hpp"

namespace taut {

inline constexpr std::size_t maxNameServers = 13;      // of a zone that are kept
inline constexpr std::size_t maxServerAddresses = 6;   // of one name server, of both families
inline constexpr std::size_t maxAliasLinks = 11;       // of a chain that one reply may follow
inline constexpr std::size_t maxRecordsOfRRset = 256;  // more is no RRset to work with
inline constexpr std::size_t maxRRsetOctets = 65535;   // of its RDATA, the length of each record included
inline constexpr std::size_t maxTypesOfName = 100;     // in an answer to ANY
inline constexpr std::size_t maxSignatures = 8;        // of one RRset
inline constexpr std::size_t maxProofs = 8;            // RRsets of NSEC and NSEC3

// An RRset that may be kept. It borrows from the Scrubbed that it came in.
struct ScrubbedRRset {
  RRset rrset;       // no record twice (RFC 2181 section 5), one TTL, the smallest
  RRset signatures;  // the RRSIGs that cover it; a count of 0 where there are none
  Section section{};
  TrustGrade grade{};
  bool synthesised = false;  // a CNAME that a DNAME gave: for the answer, it has no signature of its own
};

// A reply that was judged.
class Scrubbed {
 public:
  enum class Kind : std::uint8_t {
    answer,       // the data asked for, perhaps after aliases
    referral,     // to the servers of the zone `name()`
    noData,       // `name()` has no data of the type, or the aliases' target has none
    nameError,    // `name()` does not exist
    alias,        // the aliases lead to `name()`, which is to be asked for
    aliasLoop,    // the aliases lead in a circle: nobody has an answer
    nameTooLong,  // a DNAME gives a name of more than 255 octets: YXDOMAIN (RFC 6672 section 2.2)
    lame,         // the server does not serve the zone
    failure,      // the server says that it cannot answer
    garbage,      // malformed, contradictory, or too much
  };
  // Why it is lame, a failure or garbage.
  enum class Fault : std::uint8_t {
    none,
    refused,           // REFUSED or NOTAUTH
    recursive,         // no AA, but RA: it answers from what it got elsewhere
    upward,            // it refers to the zone itself or above it, or has the SOA of such a zone
    notAuthoritative,  // no AA, and nothing that would do without
    serverError,       // another RCODE
    malformed,
    truncated,
    tooLarge,
    contradictory,  // several CNAMEs of one name; a CNAME that is not what the DNAME gives; data of no name
  };

  Scrubbed() = default;
  Scrubbed(Scrubbed&&) = default;  // what it lends stays where it is
  Scrubbed& operator=(Scrubbed&&) = default;

  Kind kind() const { return kind_; }
  Fault fault() const { return fault_; }
  Rcode rcode() const { return rcode_; }  // with the bits that are in OPT
  // The last name of the chain of aliases, or of a referral the zone that it refers to.
  const Name& name() const { return name_; }
  std::size_t links() const { return links_; }  // of the chain

  // In the order answer, authority, additional. None where the server is lame, failed, or sent garbage.
  std::span<const ScrubbedRRset> rrsets() const { return rrsets_; }
  // The first one of the section and type; null where there is none.
  const ScrubbedRRset* find(Section section, Type type) const;

 private:
  friend class ScrubbedWriter;

  Kind kind_ = Kind::garbage;
  Fault fault_ = Fault::malformed;
  Rcode rcode_{};
  std::uint8_t links_ = 0;
  Name name_;
  std::vector<ScrubbedRRset, LocalAllocator<ScrubbedRRset>> rrsets_;
  LocalBytes octets_;  // names and RDATA
};

class Scrubber {
 public:
  // What was asked: a server of the zone, or one that resolves the names of the zone for us.
  enum class Asked : std::uint8_t { authority, forwarder };

  // Which addresses of name servers are believed.
  enum class Glue : std::uint8_t {
    inZone,  // those in the zone whose servers say so
    any,  // of all servers that a referral names; whoever serves a zone can then lead the questions for others astray
  };

  // Name servers are never asked at addresses that the policy refuses, so those are not kept.
  explicit Scrubber(AddressPolicy addresses = usableAddresses(), Glue glue = Glue::inZone)
      : addresses_(std::move(addresses)), glue_(glue) {}

  // All addresses but those that no name server has: 0.0.0.0/8, 127.0.0.0/8, 169.254.0.0/16, 224.0.0.0/3, ::, ::1,
  // fe80::/10 and ff00::/8. IPv4 addresses that are mapped into IPv6 are dropped whatever the policy says.
  static AddressPolicy usableAddresses();
  // With 127.0.0.0/8 and ::1, for servers on the same machine.
  static AddressPolicy usableAddressesAndLoopback();

  // Judges a reply that was matched to the question: its ID, QR and question were compared. The question is the one
  // that was sent, of class IN, its name at or below the zone. The view has not been read, or no further than the
  // question.
  Scrubbed scrub(MessageView reply, NameView zone, const QuestionView& question, Asked asked = Asked::authority) const;

 private:
  AddressPolicy addresses_;
  Glue glue_;
};

}  // namespace taut
