// Which version of the zone "." is the local root, and what the log says of the others.
#include "daemon/root_copy.hpp"

#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "taut/testing/log_capture.hpp"
#include "taut/zone/zone_file.hpp"
#include "taut/zone/zonemd.hpp"

namespace root_copy_test {

using namespace taut;

namespace {

using Lines = std::vector<std::string>;

config::Configuration wanted(bool isWanted = true) {
  config::Configuration configuration;
  configuration.recursion.emplace().localRoot = isWanted;
  return configuration;
}

std::shared_ptr<const Zone> parsed(const std::string& text) {
  ZoneLoadOptions options;
  options.checks.requireNsAddresses = false;
  auto load = parseZone(text, Name(), options);
  REQUIRE_MESSAGE(load.ok(), load.firstError());
  return load.zone;
}

std::shared_ptr<const Zone> withoutDigest(unsigned serial) {
  return parsed(fmt::format("@ 60 SOA ns. h. {} 2 3 4 5\n@ 60 NS ns.\nns 60 A 192.0.2.1\n", serial));
}

std::shared_ptr<const Zone> rootOf(unsigned serial) {
  std::string digest;
  for (const auto octet : zonemdDigest(*withoutDigest(serial), ZonemdHash::SHA384))
    digest += fmt::format("{:02x}", octet);
  return parsed(fmt::format("@ 60 SOA ns. h. {0} 2 3 4 5\n@ 60 NS ns.\nns 60 A 192.0.2.1\n@ 60 ZONEMD {0} 1 1 {1}\n",
                            serial, digest));
}

ZoneSet setOf(const std::shared_ptr<const Zone>& zone) {
  return ZoneSet(std::vector{zone});
}

std::string taken(unsigned serial) {
  return fmt::format("zone ., serial {}, is the local root: the root's servers are asked for no referrals", serial);
}

const std::string refused = "zone . is not the local root, and the root's servers are asked: ";

}  // namespace

TEST_CASE("the zone of the root is the local root in each version that is proven, and each is told of once") {
  const testing::LogCapture log;
  RootCopy copy;
  copy.set(wanted());
  const auto first = rootOf(1);
  const ZoneSet zones = setOf(first);
  const auto root = copy.update(zones);
  REQUIRE(root);
  CHECK(root->zone() == first);
  CHECK(copy.update(zones) == root);
  const auto second = rootOf(2);
  CHECK(copy.update(setOf(second))->zone() == second);
  const auto settled = rootOf(2);
  CHECK(copy.update(setOf(settled))->zone() == settled);
  CHECK(log.lines() == Lines{taken(1), taken(2)});
}

TEST_CASE("a version that is not proven, or has expired, is no local root, nor is the one before") {
  const testing::LogCapture log;
  RootCopy copy;
  copy.set(wanted());
  CHECK(copy.update(setOf(rootOf(1))));
  const ZoneSet bad = setOf(withoutDigest(2));
  CHECK(!copy.update(bad));
  CHECK(!copy.update(bad));
  CHECK(copy.update(setOf(rootOf(3))));
  CHECK(!copy.update(setOf(Zone::notLoaded(Name()))));
  CHECK(!copy.update(setOf(Zone::notLoaded(Name()))));
  CHECK(!copy.update(ZoneSet()));
  CHECK(copy.update(setOf(rootOf(3))));
  CHECK(log.lines() ==
        Lines{taken(1), refused + "serial 2, it has no ZONEMD", taken(3), refused + "it is not loaded", taken(3)});
}

TEST_CASE("a local root that is not wanted any more is none, and one that is wanted again is looked at again") {
  RootCopy copy;
  const ZoneSet zones = setOf(rootOf(1));
  CHECK(!copy.update(zones));
  copy.set(wanted());
  CHECK(copy.update(zones));
  copy.set(wanted(false));
  CHECK(!copy.update(zones));
  copy.set(config::Configuration());
  CHECK(!copy.update(zones));
  copy.set(wanted());
  CHECK(copy.update(zones));
}

TEST_CASE("a version that was refused is looked at again at a reload, by the trust anchors that there are then") {
  RootCopy copy;
  const ZoneSet zones = setOf(rootOf(1));
  copy.setAnchors(std::make_shared<const TrustAnchors>(TrustAnchors::builtIn()));
  copy.set(wanted());
  CHECK(!copy.update(zones));
  copy.setAnchors(nullptr);
  CHECK(!copy.update(zones));
  copy.set(wanted());
  CHECK(copy.update(zones));
}

}  // namespace root_copy_test
