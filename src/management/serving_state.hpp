// What the daemon says of itself while it starts, serves and ends: its zones, and whether it is ready for clients. Any
// thread may use it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

#include "catalog_status.hpp"
#include "taut/zone/zone_set.hpp"

namespace taut {

enum class Readiness : std::uint8_t {
  starting,  // sockets are not open yet, or zones not loaded for the first time
  ready,
  draining,  // it still serves, and clients should ask another server
};

class ServingState {
 public:
  // All sockets are open, and the zones have been loaded once.
  void serves() noexcept { serving_ = true; }
  // Whether clients should go elsewhere.
  void drain(bool on) noexcept { draining_ = on; }
  // From now on they should, whatever is asked for later.
  void ends() noexcept { ending_ = true; }
  bool isEnding() const noexcept { return ending_; }
  Readiness readiness() const noexcept {
    if (draining_ || ending_) return Readiness::draining;
    return serving_ ? Readiness::ready : Readiness::starting;
  }

  void setZones(std::shared_ptr<const ZoneSet> zones) {
    const std::scoped_lock lock(mutex_);
    zones_ = std::move(zones);
  }
  // Never null.
  std::shared_ptr<const ZoneSet> zones() const {
    const std::scoped_lock lock(mutex_);
    return zones_;
  }

  void setCatalogs(std::shared_ptr<const CatalogStatuses> catalogs) {
    const std::scoped_lock lock(mutex_);
    catalogs_ = std::move(catalogs);
  }
  // Never null.
  std::shared_ptr<const CatalogStatuses> catalogs() const {
    const std::scoped_lock lock(mutex_);
    return catalogs_;
  }

 private:
  std::atomic<bool> serving_ = false;
  std::atomic<bool> draining_ = false;
  std::atomic<bool> ending_ = false;
  mutable std::mutex mutex_;
  std::shared_ptr<const ZoneSet> zones_ = std::make_shared<const ZoneSet>();
  std::shared_ptr<const CatalogStatuses> catalogs_ = std::make_shared<const CatalogStatuses>();
};

}  // namespace taut
