// How much each client network holds of a scarce resource of a shard: places for waiting queries, or for connections. A
// client is an IPv4 address or an IPv6 /56, which is what one customer usually has.
//
// Where all places are taken, the network that holds most gives up the place that it has held longest. So a client that
// takes all it can get displaces itself, and never a client that holds little.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "taut/base/address.hpp"
#include "taut/base/intrusive_list.hpp"

namespace taut {

class ClientShares {
  struct Network;

 public:
  // Holds one place from `ClientShares::add` on, until it is released or destroyed.
  class Place : private ListHook<ClientShares> {
   public:
    Place() = default;
    ~Place() { release(); }

    bool isHeld() const { return network_ != nullptr; }
    void release() noexcept;

   private:
    friend ClientShares;
    friend IntrusiveList<Place, ClientShares>;

    Network* network_ = nullptr;
  };

  ClientShares() = default;
  ClientShares(const ClientShares&) = delete;
  ClientShares& operator=(const ClientShares&) = delete;
  ~ClientShares();

  // Throws std::bad_alloc; nothing is held then.
  void add(Place& place, const Address& client);

  // Places that are held: by all clients, and by the client's network.
  std::size_t size() const { return size_; }
  std::size_t sizeOf(const Address& client) const;

  // The place that is to be given up next; null where none is held. It is the first that is `preferred` among the
  // oldest few places of the network that holds most, or else the oldest.
  template <typename Predicate>
  Place* next(Predicate preferred) {
    constexpr std::size_t few = 16;
    Network* const network = greediest();
    if (!network) return nullptr;
    std::size_t seen = 0;
    for (Place& place : network->places) {
      if (preferred(place)) return &place;
      if (++seen == few) break;
    }
    return &network->places.front();
  }
  Place* next() {
    return next([](const Place&) { return true; });
  }

 private:
  // A network, in the list of those that hold as many, with its places in the order in which they were taken.
  struct Network : ListHook<Network> {
    Network(ClientShares& owner, std::uint64_t client) : shares(owner), number(client) {}

    ClientShares& shares;
    std::uint64_t number;
    std::size_t held = 0;
    IntrusiveList<Place, ClientShares> places;
  };
  using Ranks = std::vector<IntrusiveList<Network, Network>>;

  Network* greediest();
  void rank(Network& network) noexcept;

  std::unordered_map<std::uint64_t, Network> networks_;
  Ranks ranks_;              // by how many places a network holds; none shorter than maxHeld_ + 1
  std::size_t maxHeld_ = 0;  // of any network
  std::size_t size_ = 0;
};

}  // namespace taut
