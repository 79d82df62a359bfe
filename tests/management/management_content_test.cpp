#include "management/management_content.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <doctest/doctest.h>

#include "fake_server.hpp"
#include "taut/coro/task_scope.hpp"

namespace management_content_test {

using namespace taut;

namespace {

Task<> keep(ManagementContent& content, std::string_view path, PageResponse& kept) {
  PageResponse response = co_await content.get(path, StopToken());
  kept = std::move(response);
}

Task<> joined(TaskScope& scope) {
  co_await scope.join();
}

struct Content {
  Shard shard;
  FakeServer server;
  ManagementContent content{shard, server};
};

// Gives its snapshot away, so that the zones end with what is made of it, on the thread that makes it.
struct SnapshotGiver : FakeServer {
  ManagementSnapshot snapshot() override { return std::move(now); }
};

}  // namespace

TEST_CASE("metrics are made on another thread") {
  SnapshotGiver server;
  std::optional<std::thread::id> maker;
  server.now.zones = std::shared_ptr<const ZoneSet>(new ZoneSet, [&maker](const ZoneSet* zones) {
    maker = std::this_thread::get_id();
    delete zones;
  });
  {
    Shard shard;
    ManagementContent content(shard, server);
    PageResponse metrics;
    shard.run(keep(content, "/metrics", metrics));
    CHECK(metrics.status == HttpStatus::ok);
  }
  REQUIRE(maker);
  CHECK(*maker != std::this_thread::get_id());
}

TEST_CASE_FIXTURE(Content, "what is asked while metrics are made is answered at once") {
  TaskScope scope;
  PageResponse metrics;
  PageResponse ready;
  scope.spawn(keep(content, "/metrics", metrics));
  scope.spawn(keep(content, "/health/live", ready));
  CHECK(ready.body == "alive\n");
  shard.run(joined(scope));
  CHECK(metrics.status == HttpStatus::ok);
  CHECK(metrics.content().find("\ntaut_zones{state=\"loaded\"} 2\n") != std::string::npos);
}

TEST_CASE_FIXTURE(Content, "what there is not is not found") {
  TaskScope scope;
  PageResponse response;
  scope.spawn(keep(content, "/nothing", response));
  CHECK(response.status == HttpStatus::notFound);
}

}  // namespace management_content_test
