// How many zone transfers may be under way at once: of all clients, and of each. One object for all shards of a server;
// any thread may use it.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "taut/base/address.hpp"

namespace taut {

class TransferQuota : public std::enable_shared_from_this<TransferQuota> {
 public:
  // The place of one transfer, until it is destroyed. It keeps the quota alive.
  class Place {
   public:
    Place() = default;
    Place(Place&& other) noexcept : quota_(std::move(other.quota_)), client_(other.client_) {}
    Place& operator=(Place&& other) noexcept {
      std::swap(quota_, other.quota_);
      std::swap(client_, other.client_);
      return *this;
    }
    ~Place() {
      if (quota_) quota_->giveBack(client_);
    }

    explicit operator bool() const { return quota_ != nullptr; }

   private:
    friend TransferQuota;
    Place(std::shared_ptr<TransferQuota> quota, const Address& client) : quota_(std::move(quota)), client_(client) {}

    std::shared_ptr<TransferQuota> quota_;
    Address client_;
  };

  // Both at least 1.
  TransferQuota(std::size_t atOnce, std::size_t ofClient) : atOnce_(atOnce), ofClient_(ofClient) {}

  // Other limits from now on; transfers that are under way go on.
  void setLimits(std::size_t atOnce, std::size_t ofClient);

  // No place where there are too many already. A client is an address, whatever its port.
  Place take(const Address& client);

  std::size_t taken() const;

 private:
  struct Hash {
    std::size_t operator()(const Address& address) const { return address.hash(); }
  };

  void giveBack(const Address& client) noexcept;

  mutable std::mutex mutex_;
  std::size_t atOnce_;
  std::size_t ofClient_;
  std::size_t taken_ = 0;
  std::unordered_map<Address, std::size_t, Hash> clients_;  // those that have a place
};

}  // namespace taut
