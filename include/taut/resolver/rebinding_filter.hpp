// A client that refuses private addresses from outside. By DNS rebinding a page from the network points a name of its
// own at an address of the reader's network, and the browser then lets its script speak with the machine there.
//
// An answer with such an address in its answer section becomes SERVFAIL with the extended error Blocked (RFC 8914), as
// BIND does it: without the address it would say what nobody has said. Additional data with one is left out. Names
// within the domains that are allowed may have private addresses; what counts is the name asked for, since an alias
// from elsewhere to such a name is rebinding too.
//
// It stands around what asks other servers, a forwarder or a resolver that iterates, and not around what knows local
// names. Zones that are forwarded to servers of one's own network are among the domains that are allowed, or have a
// client of their own. Looking for the name among the domains costs one step for each of its labels. An answer that
// the client has at once costs no coroutine.
//
// Private are 0.0.0.0/8, 10.0.0.0/8, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12 and 192.168.0.0/16, ::, ::1, fc00::/7,
// fe80::/10 and 64:ff9b:1::/48 (RFC 8215), addresses by which a NAT64 leads to one of these (64:ff9b::/96), and all
// IPv4 addresses that are mapped into IPv6, in records of type A and AAAA, and as the address hints of SVCB and HTTPS
// records (RFC 9460 section 7.3).
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "taut/dns/name.hpp"
#include "taut/dns/name_set.hpp"
#include "taut/resolver/resolver.hpp"

namespace taut {

class RebindingFilter final : public Resolver {
 public:
  RebindingFilter(std::shared_ptr<Resolver> client, std::span<const Name> allowedDomains) : client_(std::move(client)) {
    setAllowedDomains(allowedDomains);
  }

  // In the place of those before.
  void setAllowedDomains(std::span<const Name> domains);

  Task<std::optional<Answer>> resolve(const Query& query) override;
  void addTo(ResolverStatistics& statistics) const override { client_->addTo(statistics); }
  Task<> start(TaskScope& work) override { return client_->start(work); }
  Task<> close() override { return client_->close(); }

 private:
  Task<std::optional<Answer>> wait(Task<std::optional<Answer>> task, const Query& query);
  std::optional<Answer> filter(std::optional<Answer> answer, const Query& query) const;

  std::shared_ptr<Resolver> client_;
  NameSet allowedDomains_;
};

}  // namespace taut
