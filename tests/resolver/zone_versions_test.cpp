#include "resolver/zone_versions.hpp"

#include <memory>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "taut/coro/event.hpp"
#include "taut/coro/task.hpp"
#include "taut/dns/name.hpp"
#include "taut/io/shard.hpp"

namespace zone_versions_test {

using namespace taut;
using detail::ZoneVersions;

namespace {

using Versions = std::vector<std::shared_ptr<const Zone>>;

Versions someVersions() {
  Versions versions;
  for (int i = 0; i < 4; ++i) versions.push_back(Zone::notLoaded(Name("example.")));
  return versions;
}

Task<> ranAll(Shard& shard) {
  Event ran;
  shard.post([&ran] { ran.set(); });
  co_await ran.wait();
}

// Runs what has been posted to the shard.
void runPosted(Shard& shard) {
  shard.run(ranAll(shard));
}

}  // namespace

TEST_CASE("A shard that was busy takes the newest version, and none of those in between") {
  const Versions versions = someVersions();
  const auto published = std::make_shared<ZoneVersions>(versions[0]);
  Shard shard;
  Versions taken;
  const auto follower = published->follow(shard, [&taken](auto version) { taken.push_back(std::move(version)); });
  published->publish(versions[1], 1);
  published->publish(versions[2], 2);
  CHECK(taken == Versions{versions[0]});
  runPosted(shard);
  CHECK(taken == Versions{versions[0], versions[2]});
  published->publish(versions[3], 3);
  runPosted(shard);
  CHECK(taken == Versions{versions[0], versions[2], versions[3]});
  CHECK(published->newest() == versions[3]);
}

TEST_CASE("Nothing is taken after the following has ended, also where it was posted before") {
  const Versions versions = someVersions();
  const auto published = std::make_shared<ZoneVersions>(versions[0]);
  Shard shard;
  Versions taken;
  const auto follower = published->follow(shard, [&taken](auto version) { taken.push_back(std::move(version)); });
  published->publish(versions[1], 1);
  published->unfollow(follower);
  published->publish(versions[2], 2);
  runPosted(shard);
  CHECK(taken == Versions{versions[0]});
}

TEST_CASE("Who waits for a change waits for the slowest shard, and for none that has ended") {
  const Versions versions = someVersions();
  const auto published = std::make_shared<ZoneVersions>(versions[0]);
  Shard quick;
  Shard slow;
  const auto first = published->follow(quick, [](auto) {});
  const auto second = published->follow(slow, [](auto) {});
  ZoneVersions::Waiter waiter(published, 1, quick);
  published->publish(versions[1], 1);
  runPosted(quick);
  CHECK_FALSE(waiter.event().isSet());
  CHECK_FALSE(waiter.hasCome());
  published->unfollow(second);
  runPosted(quick);
  CHECK(waiter.event().isSet());
  CHECK(waiter.hasCome());
  CHECK(published->waitFor(1));
  published->end();
  CHECK_FALSE(published->waitFor(2));
}

}  // namespace zone_versions_test
