#include "daemon/upkeep_plan.hpp"

#include <cstdint>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "config/load.hpp"
#include "support/temporary_folder.hpp"
#include "taut/testing/query.hpp"

namespace upkeep_plan_test {

using namespace taut;

namespace {

config::Configuration configurationOf(const std::string& text) {
  const TemporaryFolder folder;
  std::ofstream(folder.path("taut.toml")) << text;
  auto loaded = config::load({folder.path("taut.toml"), config::Environment(config::Environment::Variables()), {}});
  REQUIRE(loaded);
  return std::move(loaded).value();
}

NotifyVerdict verdict(const UpkeepPlan& plan, const char* zone, const char* from) {
  const auto query = testing::query("example.com", Type::SOA, {.client = *Address::parse(from, 1234)});
  Notification notification;
  notification.zone = Name(zone);
  notification.query = &*query;
  return plan.verdictOn(notification);
}

const std::string zones =
    "[tsig.transfer-key]\nsecret = \"c2VjcmV0\"\n"
    "[remote.hidden]\naddress = [\"192.0.2.2\"]\nkey = \"transfer-key\"\n"
    "[[zone]]\nname = \"in\"\nprimaries = [\"192.0.2.1:5353\", \"hidden\"]\nallow-notify = [\"198.51.100.0/24\"]\n"
    "[[zone]]\nname = \"other\"\nprimaries = [\"192.0.2.1:5353\", \"hidden\"]\n"
    "[[zone]]\nname = \"own\"\nnotify = [\"192.0.2.9\", \"hidden\"]\n[[zone]]\nname = \"alone\"\n";

UpkeepPlan plan() {
  TsigKey key;
  key.name = Name("transfer-key");
  key.secret = {1, 2, 3};
  return UpkeepPlan(configurationOf(zones), std::make_shared<const KeyRing>(std::vector{key}));
}

}  // namespace

TEST_CASE("a NOTIFY is heard from primaries by their address and key, and from those who may") {
  const UpkeepPlan plan = upkeep_plan_test::plan();
  CHECK(verdict(plan, "in", "192.0.2.1") == NotifyVerdict::accepted);
  CHECK(verdict(plan, "in", "198.51.100.7") == NotifyVerdict::accepted);
  CHECK(verdict(plan, "in", "192.0.2.2") == NotifyVerdict::notAllowed);  // it has a key, which did not sign
  CHECK(verdict(plan, "in", "192.0.2.3") == NotifyVerdict::notAllowed);
  CHECK(verdict(plan, "other", "198.51.100.7") == NotifyVerdict::notAllowed);
  CHECK(verdict(plan, "own", "192.0.2.9") == NotifyVerdict::notSecondary);
  CHECK(verdict(plan, "below.in", "192.0.2.1") == NotifyVerdict::notSecondary);
}

TEST_CASE("a plan has the zones that are secondary or told of, and lists of servers that are the same once") {
  const UpkeepPlan plan = upkeep_plan_test::plan();
  CHECK(plan.zones().size() == 3);
  CHECK(plan.hasSecondaries());
  const UpkeepPlan::Zone* const in = plan.find(Name("in"));
  REQUIRE(in);
  REQUIRE(in->primaries->size() == 2);
  CHECK(!(*in->primaries)[0].key);
  CHECK((*in->primaries)[1].key->secret == std::vector<std::uint8_t>{1, 2, 3});
  CHECK(plan.find(Name("other"))->primaries == in->primaries);
  const UpkeepPlan::Zone* const own = plan.find(Name("own"));
  REQUIRE(own);
  CHECK(!own->primaries);
  REQUIRE(own->targets->size() == 2);
  CHECK((*own->targets)[0].address == *Address::parse("192.0.2.9:53"));
  CHECK((*own->targets)[1].key);
  CHECK(!plan.find(Name("alone")));
}

TEST_CASE("of notices that wait one is taken, and what it has told counts where it is alone") {
  UpkeepPlan::Pending pending;
  CHECK(pending.add());
  CHECK(pending.take());
  CHECK(pending.add());
  CHECK(!pending.add());
  CHECK(!pending.add());
  CHECK(!pending.take());
  CHECK(pending.add());
  CHECK(pending.take());
}

}  // namespace upkeep_plan_test
