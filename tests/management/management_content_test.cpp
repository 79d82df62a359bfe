#include "management/management_content.hpp"

#include <string>
#include <string_view>
#include <utility>

#include <doctest/doctest.h>

#include "fake_server.hpp"
#include "taut/coro/task_scope.hpp"

using namespace taut;

namespace {

Task<> keep(ManagementContent& content, std::string_view path, HttpResponse& kept) {
  HttpResponse response = co_await content.get(path, StopToken());
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

}  // namespace

TEST_CASE_FIXTURE(Content, "metrics are made on another thread, and what is asked meanwhile is answered at once") {
  TaskScope scope;
  HttpResponse metrics;
  HttpResponse ready;
  scope.spawn(keep(content, "/metrics", metrics));
  // The shard has not turned, so nothing that another thread has made can have come.
  CHECK(metrics.content().empty());
  scope.spawn(keep(content, "/health/live", ready));
  CHECK(ready.body == "alive\n");
  shard.run(joined(scope));
  CHECK(metrics.status == HttpStatus::ok);
  CHECK(metrics.content().find("\ntaut_zones{state=\"loaded\"} 2\n") != std::string::npos);
}

TEST_CASE_FIXTURE(Content, "what there is not is not found") {
  TaskScope scope;
  HttpResponse response;
  scope.spawn(keep(content, "/nothing", response));
  CHECK(response.status == HttpStatus::notFound);
}
