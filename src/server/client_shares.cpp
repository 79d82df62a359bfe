#include "taut/server/client_shares.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace taut {

namespace {

constexpr std::size_t v6PrefixOctets = 7;  // an IPv6 /56

}  // namespace

ClientShares::~ClientShares() {
  assert(size_ == 0 && "places end before what they are places of");
}

std::uint64_t ClientShares::numberOf(const Address& client) {
  const auto octets = client.bytes();
  std::uint64_t number = octets.size();
  for (std::size_t i = 0; i < std::min(octets.size(), v6PrefixOctets); ++i) number = number << 8 | octets[i];
  return number;
}

std::size_t ClientShares::sizeOf(const Address& client) const {
  const auto found = networks_.find(numberOf(client));
  return found != networks_.end() ? found->second.held : 0;
}

void ClientShares::rank(Network& network) {
  network.unlink();
  if (network.held > 0) ranks_[network.held].pushBack(network);
  maxHeld_ = std::max(maxHeld_, network.held);
  while (maxHeld_ > 0 && ranks_[maxHeld_].empty()) ranks_.erase(maxHeld_--);
}

void ClientShares::add(Place& place, const Address& client) {
  assert(!place.isHeld());
  const std::uint64_t number = numberOf(client);
  Network& network = networks_[number];
  network.number = number;
  network.places.pushBack(place);
  place.shares_ = this;
  place.network_ = &network;
  ++network.held;
  ++size_;
  rank(network);
}

ClientShares::Network* ClientShares::greediest() {
  return maxHeld_ > 0 ? &ranks_[maxHeld_].front() : nullptr;
}

void ClientShares::Place::release() {
  if (!isHeld()) return;
  ClientShares& shares = *std::exchange(shares_, nullptr);
  Network& network = *std::exchange(network_, nullptr);
  unlink();
  --network.held;
  --shares.size_;
  shares.rank(network);
  if (network.held == 0) shares.networks_.erase(network.number);
}

}  // namespace taut
