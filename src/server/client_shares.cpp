#include "taut/server/client_shares.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "client_network.hpp"

namespace taut {

namespace {

// A client is an IPv4 address or an IPv6 /56.
std::uint64_t numberOf(const Address& client) {
  return networkNumber(client, 4);
}

}  // namespace

ClientShares::~ClientShares() {
  assert(size_ == 0 && "places end before what they are places of");
}

std::size_t ClientShares::sizeOf(const Address& client) const {
  const auto found = networks_.find(numberOf(client));
  return found != networks_.end() ? found->second.held : 0;
}

// Needs no memory: `add` has made room for the most that any network ever held.
void ClientShares::rank(Network& network) noexcept {
  network.unlink();
  if (network.held > 0) ranks_[network.held].pushBack(network);
  maxHeld_ = std::max(maxHeld_, network.held);
  while (maxHeld_ > 0 && ranks_[maxHeld_].empty()) --maxHeld_;
}

void ClientShares::add(Place& place, const Address& client) {
  assert(!place.isHeld());
  if (ranks_.size() < maxHeld_ + 2) ranks_.resize(maxHeld_ + 2);
  const std::uint64_t number = numberOf(client);
  Network& network = networks_.try_emplace(number, *this, number).first->second;
  network.places.pushBack(place);
  place.network_ = &network;
  ++network.held;
  ++size_;
  rank(network);
}

ClientShares::Network* ClientShares::greediest() {
  return maxHeld_ > 0 ? &ranks_[maxHeld_].front() : nullptr;
}

void ClientShares::Place::release() noexcept {
  if (!isHeld()) return;
  Network& network = *std::exchange(network_, nullptr);
  ClientShares& shares = network.shares;
  unlink();
  --network.held;
  --shares.size_;
  shares.rank(network);
  if (network.held == 0) shares.networks_.erase(network.number);
}

}  // namespace taut
