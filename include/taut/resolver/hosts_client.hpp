// A client behind a hosts file: passes questions on to another client, and denies no name that the file has.
//
// Names of the file are often unknown to other servers. What asks for a name's mail exchanger must not be told that
// there is no such name: by RFC 8020 that denies the file's addresses too, and clients that cache it lose them. So
// NXDOMAIN for a name of the file becomes an answer without data, as dnsmasq does it.
#pragma once

#include <memory>
#include <optional>

#include "taut/resolver/hosts.hpp"
#include "taut/resolver/resolver.hpp"

namespace taut {

class HostsClient final : public Resolver {
 public:
  HostsClient(std::shared_ptr<const Hosts> hosts, std::shared_ptr<Resolver> client);

  Task<std::optional<Answer>> resolve(const Query& query) override;
  void addTo(ResolverStatistics& statistics) const override { client_->addTo(statistics); }
  Task<> start(TaskScope& work) override { return client_->start(work); }
  Task<> close() override { return client_->close(); }

 private:
  std::shared_ptr<const Hosts> hosts_;
  std::shared_ptr<Resolver> client_;
};

}  // namespace taut
