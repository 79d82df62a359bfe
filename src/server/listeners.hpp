// Which addresses a server listens on, on all of its shards: opens their sockets, and replaces them while the shards
// serve. All of the new ones are open before an old one closes, and where one cannot be opened, nothing changes. What
// stays is not touched: neither its sockets nor what is in work on them.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "listening_sockets.hpp"
#include "shard_thread.hpp"
#include "taut/base/address.hpp"
#include "taut/io/shard.hpp"
#include "taut/net/given_sockets.hpp"

namespace taut {

class Listeners {
 public:
  // The shards outlive it. A listener that is closed ends within `drain` and some seconds. With `freebind` no address
  // need be on an interface. What is listened on takes its sockets from `given`, which may be null.
  Listeners(std::span<const std::unique_ptr<ShardThread>> shards, std::chrono::milliseconds drain, bool freebind,
            GivenSockets* given)
      : shards_(shards), drain_(drain), freebind_(freebind), given_(given) {}
  Listeners(const Listeners&) = delete;
  Listeners& operator=(const Listeners&) = delete;

  // Before the shards start. See Server::start.
  void open(const std::vector<Address>& wanted);
  // While they serve, on any thread. See Server::replaceListeners.
  void replace(const std::vector<Address>& wanted);

  // Makes a given socket one that answers what waits at it, for `ShardThread::drainSockets`.
  static void openToDrain(Shard& shard, GivenSockets::Socket given, ListeningSockets& sockets);

  // With the ports that were picked; those that were on no interface when they were opened come last.
  std::vector<Address> addresses() const;
  // Without those.
  std::vector<Address> present() const;

 private:
  // What is listened on as one address.
  struct Entry {
    Address asked;
    Address bound;  // with the port that was picked
    bool present = true;
    std::vector<Address> brought;  // of a wildcard: the addresses that have UDP sockets of their own
  };
  struct Change {
    std::vector<Entry> entries;            // all of them, as they are to be
    std::vector<ListeningSockets> opened;  // of each shard
    std::vector<std::string> warnings;     // of addresses that are not there
    std::vector<std::string> notices;      // likewise, where that was to be expected
  };
  class Opener;

  Change prepare(const std::vector<Address>& wanted);
  void take(Change change);
  const Entry* find(const Address& address) const;
  std::vector<Address> addressesFor(const Address& wildcard) const;
  bool hasDatagramSocket(const Address& address) const;
  bool isOurs(const Address& address) const;
  void awaitClosed(const std::vector<Address>& addresses);
  ClosingSockets takeOut(const std::vector<Entry>& next);

  const std::span<const std::unique_ptr<ShardThread>> shards_;
  const std::chrono::milliseconds drain_;
  const bool freebind_;
  GivenSockets* const given_;
  std::mutex replacing_;
  mutable std::mutex mutex_;  // of the entries, which change with both mutexes locked
  std::vector<Entry> entries_;
  std::vector<std::weak_ptr<const Address>> closing_;  // until all shards have closed their sockets
};

}  // namespace taut
