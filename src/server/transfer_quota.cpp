#include "taut/server/transfer_quota.hpp"

namespace taut {

void TransferQuota::setLimits(std::size_t atOnce, std::size_t ofClient) {
  const std::lock_guard lock(mutex_);
  atOnce_ = atOnce;
  ofClient_ = ofClient;
}

TransferQuota::Place TransferQuota::take(const Address& client) {
  const Address host = client.withPort(0);
  const std::lock_guard lock(mutex_);
  if (taken_ >= atOnce_) return {};
  if (const auto found = clients_.find(host); found != clients_.end() && found->second >= ofClient_) return {};
  ++clients_[host];
  ++taken_;
  return Place(shared_from_this(), host);
}

void TransferQuota::giveBack(const Address& client) noexcept {
  const std::lock_guard lock(mutex_);
  --taken_;
  const auto found = clients_.find(client);
  if (--found->second == 0) clients_.erase(found);
}

std::size_t TransferQuota::taken() const {
  const std::lock_guard lock(mutex_);
  return taken_;
}

}  // namespace taut
