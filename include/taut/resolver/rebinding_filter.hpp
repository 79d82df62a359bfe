// A client that refuses private addresses from outside. By DNS rebinding a page from the network points a name of its
// own at an address of the reader's network, and the browser then lets its script speak with the machine there.
//
// An answer with such an address in its answer section becomes SERVFAIL with the extended error Blocked (RFC 8914), as
// BIND does it: without the address it would say what nobody has said. Additional data with one is left out. Names
// within the domains that are allowed may have private addresses; what counts is the name asked for, since an alias
// from elsewhere to such a name is rebinding too.
//
// Private are 0.0.0.0/8, 10.0.0.0/8, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12 and 192.168.0.0/16, ::, ::1, fc00::/7
// and fe80::/10, and all IPv4 addresses that are mapped into IPv6, in records of type A and AAAA, and as the address
// hints of SVCB and HTTPS records (RFC 9460 section 7.3).
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "taut/dns/name.hpp"
#include "taut/resolver/resolver.hpp"

namespace taut {

class RebindingFilter final : public Resolver {
 public:
  RebindingFilter(std::shared_ptr<Resolver> client, std::vector<Name> allowedDomains)
      : client_(std::move(client)), allowedDomains_(std::move(allowedDomains)) {}

  void setAllowedDomains(std::vector<Name> domains) { allowedDomains_ = std::move(domains); }

  Task<std::optional<Answer>> resolve(const Query& query) override;
  void addTo(ResolverStatistics& statistics) const override { client_->addTo(statistics); }
  Task<> start(TaskScope& work) override { return client_->start(work); }
  Task<> close() override { return client_->close(); }

 private:
  std::shared_ptr<Resolver> client_;
  std::vector<Name> allowedDomains_;
};

}  // namespace taut
