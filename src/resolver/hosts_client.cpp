#include "taut/resolver/hosts_client.hpp"

#include <utility>

namespace taut {

HostsClient::HostsClient(std::shared_ptr<const Hosts> hosts, std::shared_ptr<Resolver> client)
    : hosts_(std::move(hosts)), client_(std::move(client)) {}

Task<std::optional<Answer>> HostsClient::resolve(const Query& query) {
  auto answer = co_await client_->resolve(query);
  // Behind an alias it is another name that does not exist.
  const bool denied = answer && answer->rcode() == Rcode::NXDOMAIN && answer->entryCount(Section::answer) == 0;
  if (denied && hosts_->has(query)) answer->setRcode(Rcode::NOERROR);
  co_return answer;
}

}  // namespace taut
