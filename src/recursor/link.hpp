// What is known of one name and type (RFC 9499 section 4): the data, the alias that stands in its place, or that there
// is none, each as DNSSEC has found it. An answer to a client is a chain of links.
//
// It does not change. Whoever holds a reference may go on to read it after it was removed from the cache.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "taut/base/clock.hpp"
#include "taut/base/local_ref.hpp"
#include "taut/dns/edns.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/type.hpp"
#include "taut/dnssec/denial_records.hpp"
#include "taut/recursor/rrset_cache.hpp"
#include "taut/recursor/sieve_table.hpp"

namespace taut {

// Why an answer is not as one would have it (RFC 8914).
struct Reason {
  ExtendedErrorCode code = ExtendedErrorCode::other;
  std::string text{};  // for people; may be empty
};

class Link final : public PinnedStorage, public detail::SieveEntry<Link> {
 public:
  enum class Kind : std::uint8_t {
    answer,     // the data
    alias,      // a CNAME, or a DNAME and the CNAME that it gives
    noData,     // the name has no data of the type
    nameError,  // the name does not exist
    failure,    // nothing could be had
  };
  struct Part {
    LocalRef<const CachedRRset> rrset;
    Section section{};
  };

  Link(Kind what, NameView owner, Type asked)
      : kind(what), type(asked), octets_(owner.data(), owner.data() + owner.size()) {}

  const Kind kind;
  const Type type;
  SecurityState security = SecurityState::insecure;
  // Of a secure link without DS records: what is at the name as its parent sees it.
  DelegationProof delegation = DelegationProof::missing;
  std::uint8_t failures = 0;  // in a row, this one included
  // A failure for want of what the question might cost: it says nothing of the name, and is kept for nobody else.
  bool isOfLimits = false;
  Rcode rcode = Rcode::NOERROR;
  TimePoint expiry{};
  TimePoint staleUntil{};  // until when it may be served though it has ended
  std::vector<Part> parts{};
  std::optional<Reason> reason{};

  NameView name() const { return NameView::trusted(octets_.data(), octets_.size()); }
  bool expired(TimePoint now) const { return now >= expiry; }
  // Whether only clients that set CD may have it: it is bogus, or could not be judged.
  bool isBad() const { return security == SecurityState::bogus || security == SecurityState::indeterminate; }

  // Where an alias leads to.
  NameView target() const;
  // The RRset of the type in the answer section; null where there is none.
  const CachedRRset* find(Type wanted) const;
  void add(Section section, LocalRef<const CachedRRset> rrset);

  // Once it is complete.
  std::size_t bytes() const;

 private:
  std::vector<std::uint8_t> octets_;
};

// A failure to find out: SERVFAIL.
LocalRef<Link> makeFailure(NameView name, Type type, Reason reason);

}  // namespace taut
