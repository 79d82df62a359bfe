#include "taut/resolver/secondary_authority.hpp"

#include <utility>

#include "secondary_zones.hpp"
#include "taut/base/log.hpp"
#include "taut/base/reason.hpp"
#include "taut/base/signals_blocked.hpp"
#include "taut/coro/event.hpp"
#include "zone_versions.hpp"

namespace taut {

namespace {

std::shared_ptr<const Zone> newestOf(const detail::SecondaryZones& zones, NameView zone) {
  const auto versions = zones.find(zone);
  return versions ? versions->newest() : nullptr;
}

}  // namespace

// The shard is the service's, and runs on its thread.
class SecondaryAuthorityService::State {
 public:
  State(const std::vector<PrimaryOptions>& primaries, const std::vector<Name>& origins, SecondaryOptions options)
      : zones(shard, primaries, origins, std::move(options)) {
    const SignalsBlocked blocked;
    thread_ = std::thread([this] { run(); });
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    shard.post([this] { ended_.set(); });
    thread_.join();
    zones.end();
  }

  Shard shard;
  detail::SecondaryZones zones;

 private:
  void run() {
    try {
      shard.run(serve(*this));
    } catch (const std::exception& error) {
      log::error("secondary zones are not kept up to date any more: {}", reasonOf(error));
    }
  }
  static Task<> serve(State& state) {
    TaskScope scope;
    scope.spawn(state.zones.run(), scope.token());
    co_await state.ended_.wait();
    scope.stop();
    co_await scope.join();
  }

  Event ended_;
  std::thread thread_;
};

SecondaryAuthorityService::SecondaryAuthorityService(std::vector<PrimaryOptions> primaries, std::vector<Name> zones,
                                                     SecondaryOptions options)
    : state_(std::make_unique<State>(primaries, zones, std::move(options))) {}

SecondaryAuthorityService::~SecondaryAuthorityService() = default;

bool SecondaryAuthorityService::notified(NameView zone, const Address& from, std::optional<Serial> serial) {
  if (!state_->zones.isNotice(zone, from)) return false;
  state_->shard.post(
      [state = state_.get(), origin = Name(zone), from, serial] { state->zones.notify(origin, from, serial); });
  return true;
}

std::shared_ptr<const Zone> SecondaryAuthorityService::version(NameView zone) const {
  return newestOf(state_->zones, zone);
}

SecondaryAuthority::SecondaryAuthority(Shard& shard, std::unique_ptr<detail::SecondaryZones> own)
    : own_(std::move(own)), authority_(shard, own_->versions()) {}

SecondaryAuthority::SecondaryAuthority(Shard& shard, std::vector<Name> zones, std::vector<PrimaryOptions> primaries,
                                       SecondaryOptions options)
    : SecondaryAuthority(shard, std::make_unique<detail::SecondaryZones>(shard, primaries, zones, std::move(options))) {
}

SecondaryAuthority::SecondaryAuthority(Shard& shard, NameView zone, std::vector<PrimaryOptions> primaries,
                                       SecondaryOptions options)
    : SecondaryAuthority(shard, std::vector<Name>{Name(zone)}, std::move(primaries), std::move(options)) {}

SecondaryAuthority::SecondaryAuthority(Shard& shard, const SecondaryAuthorityService& service)
    : authority_(shard, service.state_->zones.versions()) {}

SecondaryAuthority::~SecondaryAuthority() = default;

Task<> SecondaryAuthority::start(TaskScope& work) {
  if (own_) work.spawn(own_->run(), work.token());
  return Task<>::ready();
}

bool SecondaryAuthority::notified(NameView zone, const Address& from, std::optional<Serial> serial) {
  return own_ && own_->isNotice(zone, from) && own_->notify(zone, from, serial);
}

std::shared_ptr<const Zone> SecondaryAuthority::version(NameView zone) const {
  return own_ ? newestOf(*own_, zone) : nullptr;
}

}  // namespace taut
