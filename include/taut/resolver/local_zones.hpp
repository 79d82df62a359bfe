// Names that mean something on this host or network alone are answered here, and no other server is asked about them:
// it would have to deny them, and it would learn what is looked for.
//
//  - `localhost` and all names below it have the addresses 127.0.0.1 and ::1 (RFC 6761 section 6.3), and the reverse
//    names of the two lead to `localhost`.
//  - `resolver.arpa` and all names below it have no data: there is no designated resolver (RFC 9462 section 4).
//  - `invalid`, `test` (RFC 6761 sections 6.2 and 6.4), `onion` (RFC 7686 section 2), `home.arpa` (RFC 8375 section 4)
//    and `service.arpa` (RFC 9665) are empty, and so are the reverse zones of private, shared, link-local,
//    documentation and other addresses that no one has in the Internet (RFC 6303 section 4, RFC 7793). An empty zone
//    has the SOA and NS records of RFC 6303 section 3 and nothing else: its names do not exist.
//
// These are the zones that Unbound serves by itself. `local` is not among them, there as here: multicast DNS is not
// asked by way of a server (RFC 6762 section 3), and some networks have a zone of that name.
//
// The answers have AA, as those of Unbound and BIND do; so no cache keeps them. DS of a zone's own name is data of its
// parent (RFC 4035 section 3.1.4.1) and left to the next resolver, which proves that the zone is not signed.
//
// A name of the Internet costs a look at its last letter, and some names one at the last label. Behind a `Cache` the
// names that are found there cost nothing; a resolver that keeps what it finds has this one before it.
#pragma once

#include <optional>
#include <span>

#include "taut/dns/name.hpp"
#include "taut/dns/name_set.hpp"
#include "taut/resolver/resolver.hpp"

namespace taut {

class LocalZones final : public Resolver {
 public:
  // `exceptions` are left to the next resolver, with all names below them: zones that someone else has, because they
  // are forwarded or served, or a local zone that is not wanted. An exception above a local zone has no effect on it.
  // A name of a local zone that has an exception below it exists.
  explicit LocalZones(std::span<const Name> exceptions = {}) { setExceptions(exceptions); }

  // In the place of those before.
  void setExceptions(std::span<const Name> exceptions);

  Task<std::optional<Answer>> resolve(const Query& query) override {
    return Task<std::optional<Answer>>::ready(answer(query));
  }

 private:
  std::optional<Answer> answer(const Query& query) const;
  bool exists(NameView name, NameView zone) const;

  NameSet exceptions_;  // those that are a local zone or within one
  NameSet above_;       // names of local zones that lie above an exception
};

}  // namespace taut
