// What the NSEC and NSEC3 records of a reply prove not to exist (RFC 4035 section 5.4, RFC 5155 section 8, RFC 6840
// section 4).
//
//   DenialRecords records(zone);
//   for (…) records.add(nsec, signature);       // each after verifyRRset()
//   if (records.nameError(qname, budget) == DenialProof::proven) …
//
// A proof holds for one zone, whose keys have signed all its records. What a record says of names outside the zone, of
// names below a delegation or a DNAME, and of the child's side of a cut, is no proof of anything.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "taut/base/bytes.hpp"
#include "taut/dns/edns.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/nsec3.hpp"
#include "taut/dns/rrset.hpp"
#include "taut/dns/type.hpp"
#include "taut/dnssec/crypto_budget.hpp"
#include "taut/dnssec/signature.hpp"

namespace taut {

inline constexpr std::size_t maxDenialRecords = 8;       // of one answer; an honest one has at most four
inline constexpr std::uint16_t maxNsec3Iterations = 50;  // more are insecure (RFC 9276 section 3.2)
inline constexpr std::size_t maxNsec3SaltSize = 64;      // octets; likewise

enum class DenialProof : std::uint8_t {
  missing,            // nothing is proven: the answer is bogus
  budgetSpent,        // the question has cost all hashes that it may
  tooManyIterations,  // of a chain that costs too much: the answer is insecure
  optOut,             // all but that delegations without DS may be there (RFC 5155 section 6): the answer is insecure
  proven,
};

// What is at a name as its parent sees it.
enum class DelegationProof : std::uint8_t {
  missing,
  budgetSpent,
  tooManyIterations,  // insecure below the name
  optOut,             // insecure below the name, if there is a delegation
  noDelegation,       // the name has no NS, or does not exist: its names are still the zone's
  insecure,           // a delegation without DS
};

// What a client is told of an answer with such a proof (RFC 8914 section 4); nothing for proven and optOut.
std::optional<ExtendedErrorCode> extendedErrorOf(DenialProof proof);

// Borrows the RRsets: valid as long as those.
class DenialRecords {
 public:
  explicit DenialRecords(NameView zone) : zone_(zone) {}

  // An NSEC or NSEC3 RRset that the zone has signed. False, and it is left alone, where it can prove nothing: because
  // it comes of a wildcard, leads out of the zone, is not well formed, or is of a kind that is not known (RFC 5155
  // section 8.1); and where there are `maxDenialRecords` already.
  bool add(const RRset& set, const VerifiedSignature& signature);

  // The name does not exist, and no wildcard stands for it (RFC 4035 section 5.4, RFC 5155 section 8.4).
  DenialProof nameError(NameView name, CryptoBudget& budget) const;

  // The name exists, or the wildcard that stands for it, and has neither the type nor a CNAME (RFC 5155 sections 8.5 to
  // 8.7); also an empty non-terminal.
  DenialProof noData(NameView name, Type type, CryptoBudget& budget) const;

  // No name stands between `name` and the wildcard that its RRset comes of, which has so many labels beside the
  // asterisk (RFC 4035 section 5.3.4, RFC 5155 section 8.8): those of its `VerifiedSignature`.
  DenialProof wildcardAnswer(NameView name, std::size_t labels, CryptoBudget& budget) const;

  // Of a name that an NSEC record says does not exist, the longest name above it that does: where a wildcard for it
  // would be (RFC 4592 section 3.3.1). Nothing where no NSEC record says so. It borrows from `name`.
  std::optional<NameView> nsecClosestEncloser(NameView name) const;

  // Whether there is a delegation at the name, which has no DS (RFC 4035 section 5.2, RFC 5155 section 8.9).
  DelegationProof delegation(NameView name, CryptoBudget& budget) const;

 private:
  struct Nsec {
    NameView owner;
    NameView next;
    ByteSpan types;

    bool covers(NameView name) const;
    // `name`, which is covered, is no name without records but one with names below it.
    bool showsEmptyNonTerminal(NameView name) const { return next.isBelow(name); }
    std::size_t enclosingLabels(NameView name) const;
  };

  struct Nsec3 {
    Nsec3Hash owner;
    Nsec3Hash next;
    ByteSpan types;
    bool optOut;

    bool covers(const Nsec3Hash& hash) const;
  };

  // What is known of a name from the hashes: the record that matches it, or the proof of its closest encloser (RFC 5155
  // section 8.3).
  struct HashedName {
    const Nsec3* match = nullptr;       // of the name itself
    const Nsec3* nextCloser = nullptr;  // covers the name one label longer than the closest encloser
    NameView encloser;                  // where nextCloser is set
    bool budgetSpent = false;
  };

  bool addNsec(const RRset& set);
  bool addNsec3(const RRset& set);

  bool nsecNameError(NameView name) const;
  bool nsecNoData(NameView name, Type type) const;
  bool nsecWildcardAnswer(NameView name, std::size_t labels) const;
  std::optional<DelegationProof> nsecDelegation(NameView name) const;
  bool nsecHasNoType(NameView name, Type type) const;
  const Nsec* nsecCovering(NameView name) const;

  DenialProof nsec3NameError(NameView name, CryptoBudget& budget) const;
  DenialProof nsec3NoData(NameView name, Type type, CryptoBudget& budget) const;
  DenialProof nsec3WildcardAnswer(NameView name, std::size_t labels, CryptoBudget& budget) const;
  DelegationProof nsec3Delegation(NameView name, CryptoBudget& budget) const;
  std::optional<Nsec3Hash> hashOf(NameView name, CryptoBudget& budget) const;
  const Nsec3* nsec3Matching(const Nsec3Hash& hash) const;
  const Nsec3* nsec3Covering(const Nsec3Hash& hash) const;
  HashedName look(NameView name, CryptoBudget& budget) const;

  std::span<const Nsec> nsecs() const { return std::span(nsecs_).first(nsecCount_); }
  std::span<const Nsec3> nsec3s() const { return std::span(nsec3s_).first(nsec3Count_); }

  NameView zone_;
  std::array<Nsec, maxDenialRecords> nsecs_;
  std::array<Nsec3, maxDenialRecords> nsec3s_;
  std::size_t nsecCount_ = 0;
  std::size_t nsec3Count_ = 0;
  Nsec3Parameters parameters_;  // of the first NSEC3; others with other ones are left alone (RFC 5155 section 8.2)
  bool hasTooManyIterations_ = false;
};

}  // namespace taut
