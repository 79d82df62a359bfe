// Puts the answer to a query together from links of its chain, as the client asked for them: with signatures and proofs
// where it has DO, bogus data where it has CD (RFC 4035 section 3.2).
#pragma once

#include <cstdint>

#include "link.hpp"
#include "taut/base/clock.hpp"
#include "taut/dns/answer.hpp"
#include "taut/dns/query.hpp"
#include "taut/recursor/rrset_cache.hpp"

namespace taut {

class AnswerWriter {
 public:
  AnswerWriter(const Query& query, TimePoint now) : query_(query), now_(now) {}

  // What has ended is written with this TTL (RFC 8767 section 5.2), and the answer says so.
  void setStale(std::uint32_t seconds) { staleTtl_ = seconds; }

  // An RRset of the answer section, alone.
  void add(const CachedRRset& rrset);
  // False where nothing can follow it: a failure, or bogus data for a client that does not want it.
  bool add(const Link& link);
  // There is no answer.
  void fail(const Reason& reason);

  Answer take();

 private:
  void borrow(Section section, const CachedRRset& rrset);
  bool isThere(const CachedRRset& proof) const;
  std::uint32_t ttl(const CachedRRset& rrset);

  const Query& query_;
  TimePoint now_;
  std::uint32_t staleTtl_ = 0;
  bool isStale_ = false;
  bool isSecure_ = true;
  Answer answer_{};
};

}  // namespace taut
