// Validation (RFC 4035 section 5) beside iteration: the walk hands over what servers say, and the keys that this takes
// have been asked for meanwhile.
//
//  - A referral counts only once its DS records, or the proof that there are none, were verified.
//  - An RRset is judged by the zone that its signatures name, if that is the zone asked or one below it which the same
//    servers serve. Unsigned data in a signed zone is bogus, unless a delegation without DS lies in between.
//  - Each link of a chain of aliases is judged by itself, so that it has a lifetime and a state of its own.
//  - What it costs is bounded by the question's CryptoBudget, and after a millisecond of it others are served first.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cut.hpp"
#include "fetch.hpp"
#include "fetches.hpp"
#include "key_cache.hpp"
#include "link.hpp"
#include "recursion.hpp"
#include "taut/coro/task.hpp"
#include "taut/dnssec/denial_records.hpp"
#include "taut/recursor/scrubber.hpp"

namespace taut {

class Validator {
 public:
  Validator(Recursion& recursion, Fetches& fetches) : recursion_(recursion), fetches_(fetches) {}

  // Begins to fetch the keys of a zone that has to be signed.
  void beginKeys(Fetch& fetch, const Cut& cut);

  // What was found out of an RRset, or of a zone.
  struct Verdict {
    SecurityState security = SecurityState::indeterminate;  // that: it could not be found out
    std::optional<Reason> reason{};
    // Of secure data:
    LocalRef<ZoneTrust> trust{};
    VerifiedSignature signature{};

    bool isSecure() const { return security == SecurityState::secure; }
    bool isInsecure() const { return security == SecurityState::insecure; }
  };

  // What the servers of the cut refer to.
  Task<Verdict> judgeReferral(Fetch& fetch, const Cut& cut, const Scrubbed& referral);

  // An answer, alias, absence or name error to the fetch's question. All of it that may be kept is kept, but for what
  // is bogus: another server may have what is right. The link is that of the fetch's name.
  Task<LocalRef<Link>> judge(Fetch& fetch, const Cut& cut, const Scrubbed& reply);

  // Whether data at the name has to be signed: below a trust anchor, and below no exception from it.
  bool expectsSignatures(NameView name) const;

 private:
  // DS records that were validated, or what is known of their absence.
  struct Ds {
    SecurityState security = SecurityState::indeterminate;  // insecure: there is a delegation without usable DS
    bool isCut = true;   // of secure: there are DS records. Otherwise no delegation is at the name
    RRset rrset{};       // of secure
    TimePoint expiry{};  // likewise
    std::optional<Reason> reason{};
    LocalRef<const Delegation> delegation{};        // what the RRset borrows from
    std::shared_ptr<const TrustAnchors> anchors{};  // likewise
    LocalRef<const Link> link{};                    // likewise

    // Of what hangs on it.
    Verdict verdict() const;
  };

  Task<Verdict> trustOf(Fetch& fetch, Name zone);
  Task<Ds> dsOf(Fetch& fetch, Name zone);
  std::optional<Ds> knownDs(NameView zone) const;
  static Ds dsFrom(const LocalRef<const Link>& link);
  Task<Verdict> authenticate(Fetch& fetch, const ScrubbedRRset& keys);

  Task<Verdict> verify(Fetch& fetch, const Cut& cut, const ScrubbedRRset& data);
  Task<Verdict> judgeUnsigned(Fetch& fetch, const Cut& cut, Name owner, Type type);
  Task<Verdict> verifyWith(Fetch& fetch, LocalRef<ZoneTrust> trust, const ScrubbedRRset& data);
  Task<> addProofs(Fetch& fetch, ZoneTrust& trust, const Scrubbed& reply, DenialRecords& records);
  Task<> yieldIfBusy(Fetch& fetch);

  Task<LocalRef<Link>> judgeLink(Fetch& fetch, const Cut& cut, const Scrubbed& reply, std::size_t first,
                                 std::size_t count, Name name);
  Task<> proveExpansion(Fetch& fetch, const Scrubbed& reply, Name owner, Verdict& verdict);
  Task<LocalRef<Link>> judgeAbsence(Fetch& fetch, const Cut& cut, const Scrubbed& reply, Name name);
  Task<Verdict> proveAbsence(Fetch& fetch, const Cut& cut, const Scrubbed& reply, Link& link);

  void store(const Fetch& fetch, const LocalRef<Link>& link);
  void keepProof(const ZoneTrust& trust, const ScrubbedRRset& data, const VerifiedSignature& signature);
  void keepWildcard(const Cut& cut, const ScrubbedRRset& data, const Verdict& verdict);
  TimePoint goodUntil(NameView name) const;
  void keepAbsence(const Cut& cut, const Scrubbed& reply, const Verdict& verdict, Link& link) const;
  LocalRef<const CachedRRset> keep(const Cut& cut, const ScrubbedRRset& data, const Verdict& verdict, bool alone);

  Recursion& recursion_;
  Fetches& fetches_;
};

}  // namespace taut
