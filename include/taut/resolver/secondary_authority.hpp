// Answers from zones that are copies of another server's: a secondary, for programs (RFC 1034 section 4.3.5). The names
// are those of twisted.names.secondary.
//
//   SecondaryAuthorityService secondary({{.addresses = {*primary}}}, {Name("example.")});
//   Server server(options, [&](Shard& shard) {
//     return std::make_unique<ServerFactory>(
//         ServerFactory::Resolvers{std::make_shared<SecondaryAuthority>(shard, secondary)});
//   });
//
// The service gets the zones, on a thread that it has, and keeps them up to date: see ZoneKeeper. Each shard answers
// from their newest versions. A zone that has not come yet, or has expired, is SERVFAIL. A NOTIFY for a zone is handed
// to `notified` (ServerFactory::setOnNotify).
//
// A program of one thread does without a service: a SecondaryAuthority of its own gets the zones on its shard.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "taut/base/address.hpp"
#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/dns/answer.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/query.hpp"
#include "taut/dns/serial.hpp"
#include "taut/io/shard.hpp"
#include "taut/resolver/authority.hpp"
#include "taut/resolver/resolver.hpp"
#include "taut/transfer/primary.hpp"
#include "taut/transfer/refresh_scheduler.hpp"
#include "taut/zone/transfer_reader.hpp"
#include "taut/zone/zone.hpp"

namespace taut {

struct SecondaryOptions {
  RefreshOptions refresh{};
  TransferLimits limits{};  // of each zone
};

namespace detail {
class SecondaryZones;
}

// Zones that all come from the same primaries.
class SecondaryAuthorityService {
 public:
  // Throws std::invalid_argument where there is no primary, or one without an address, and std::runtime_error where the
  // state file cannot be used.
  SecondaryAuthorityService(std::vector<PrimaryOptions> primaries, std::vector<Name> zones,
                            SecondaryOptions options = {});
  SecondaryAuthorityService(const SecondaryAuthorityService&) = delete;
  SecondaryAuthorityService& operator=(const SecondaryAuthorityService&) = delete;
  // Those who answer from the zones go on with their last versions.
  ~SecondaryAuthorityService();

  // On any thread. A NOTIFY has come. False where the zone is none of these, or the sender none of the primaries: it
  // does not matter then.
  bool notified(NameView zone, const Address& from, std::optional<Serial> serial = std::nullopt);
  // On any thread. The newest version, which may be not loaded; null for another zone.
  std::shared_ptr<const Zone> version(NameView zone) const;

 private:
  friend class SecondaryAuthority;
  class State;

  std::unique_ptr<State> state_;
};

class SecondaryAuthority final : public Resolver {
 public:
  // Of zones that this object gets itself, on the shard, from when it is started. Throws as the service does.
  SecondaryAuthority(Shard& shard, std::vector<Name> zones, std::vector<PrimaryOptions> primaries,
                     SecondaryOptions options = {});
  SecondaryAuthority(Shard& shard, NameView zone, std::vector<PrimaryOptions> primaries, SecondaryOptions options = {});
  // Of the zones of a service. The shard is that of this object, and outlives it.
  SecondaryAuthority(Shard& shard, const SecondaryAuthorityService& service);
  ~SecondaryAuthority() override;

  Task<std::optional<Answer>> resolve(const Query& query) override { return authority_.resolve(query); }
  void prefetch(std::span<const Query* const> queries) const override { authority_.prefetch(queries); }
  Task<> start(TaskScope& work) override;
  Task<> close() override { return authority_.close(); }

  // As those of a service, on the shard's thread; where the zones are a service's, it is asked.
  bool notified(NameView zone, const Address& from, std::optional<Serial> serial = std::nullopt);
  std::shared_ptr<const Zone> version(NameView zone) const;

 private:
  SecondaryAuthority(Shard& shard, std::unique_ptr<detail::SecondaryZones> own);

  std::unique_ptr<detail::SecondaryZones> own_;  // null: those of a service
  Authority authority_;
};

}  // namespace taut
