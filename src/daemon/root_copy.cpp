#include "root_copy.hpp"

#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "taut/base/log.hpp"

namespace taut {

void RootCopy::set(const config::Configuration& configuration) {
  const std::scoped_lock lock(mutex_);
  isWanted_ = configuration.recursion && configuration.recursion->localRoot;
  if (isWanted_) algorithms_ = configuration.recursion->options.algorithms;
  if (!now_ || !isWanted_) looked_.reset();
  if (isWanted_) return;
  now_.reset();
  refusal_.clear();
}

void RootCopy::setAnchors(std::shared_ptr<const TrustAnchors> anchors) {
  const std::scoped_lock lock(anchorsMutex_);
  anchors_ = std::move(anchors);
}

std::shared_ptr<const TrustAnchors> RootCopy::anchors() const {
  const std::scoped_lock lock(anchorsMutex_);
  return anchors_;
}

std::shared_ptr<const LocalRoot> RootCopy::update(const ZoneSet& zones) {
  const std::scoped_lock lock(mutex_);
  if (!isWanted_) return nullptr;
  auto zone = zones.get(Name());
  if (!zone) zone = Zone::notLoaded(Name());
  if (zone != looked_) look(std::move(zone));
  return now_;
}

void RootCopy::look(std::shared_ptr<const Zone> zone) {
  looked_ = zone;
  auto made = LocalRoot::make(std::move(zone), anchors().get(), algorithms_, std::chrono::system_clock::now());
  if (made) {
    const bool isNews = !now_ || now_->zone()->serial() != looked_->serial();
    now_ = *std::move(made);
    refusal_.clear();
    if (isNews)
      log::info("zone ., serial {}, is the local root: the root's servers are asked for no referrals",
                looked_->serial());
    return;
  }
  now_.reset();
  std::string refusal =
      looked_->isLoaded() ? fmt::format("serial {}, {}", looked_->serial(), made.error()) : made.error();
  if (refusal == refusal_) return;
  refusal_ = std::move(refusal);
  log::warning("zone . is not the local root, and the root's servers are asked: {}", refusal_);
}

}  // namespace taut
