// The differences between the last versions of zones, in memory: bounded in octets and in number for each zone.
//
// Who replaces a version of a zone by another tells it (`replaced`). The chain of a zone begins anew where a serial
// does not go forward: a secondary that has the version before cannot be led from there.
//
// Any thread may call its members.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "taut/dns/name.hpp"
#include "taut/dns/type.hpp"
#include "taut/zone/difference_source.hpp"

namespace taut {

class RecentDifferences final : public DifferenceSource {
 public:
  static constexpr std::size_t maxVersions = 512;  // of a zone

  // How many octets of differences are kept of a zone: half of its own size, and 1 MiB at least.
  static std::size_t maxOctets(const Zone& zone);

  // The zone's version `from` has given way to `to`. Computes what lies between, in time proportional to both. Nothing
  // is kept where the serial is not newer, or the difference is larger than may be kept.
  void replaced(const Zone& from, const Zone& to, std::string_view view = {});
  // The same where the difference is known, and begins at the version before.
  void add(const Zone& to, std::shared_ptr<const ZoneDifference> difference, std::string_view view = {});
  // The zone is served no more.
  void forget(NameView origin, Class rrClass = Class::IN, std::string_view view = {});

  Differences find(const Zone& to, std::string_view view, Serial from, std::size_t maxOctets) const override;

  // What all zones' differences take.
  std::size_t octets() const;

 private:
  struct Key {
    std::string view;
    Name origin;
    Class rrClass;

    bool operator==(const Key&) const = default;
  };
  struct HashKey {
    std::size_t operator()(const Key& key) const;
  };
  struct Chain {
    std::deque<std::shared_ptr<const ZoneDifference>> differences;
    std::size_t octets = 0;
  };

  static Key keyOf(const Zone& zone, std::string_view view);

  mutable std::mutex mutex_;
  std::unordered_map<Key, Chain, HashKey> chains_;
};

}  // namespace taut
