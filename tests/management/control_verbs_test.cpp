#include "management/control_verbs.hpp"

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "fake_server.hpp"
#include "standing_shard.hpp"
#include "taut/base/unique_fd.hpp"
#include "taut/coro/event.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/io/sleep.hpp"

namespace control_verbs_test {

using namespace std::chrono_literals;
using namespace taut;
using Json = nlohmann::json;

namespace {

// Takes what is written, until it is told to take no more.
class Taker final : public ControlOutput {
 public:
  Task<bool> write(std::string_view text) override {
    taken += text;
    ++writes;
    return Task<bool>::ready(wants);
  }
  Task<bool> isWanted() override {
    ++asked;
    return Task<bool>::ready(wants);
  }
  Task<bool> sendDescriptors(std::span<const int> descriptors) override {
    for (const int fd : descriptors) given.emplace_back(::dup(fd));
    return Task<bool>::ready(wants);
  }

  std::string taken;
  std::size_t writes = 0;
  std::size_t asked = 0;
  std::vector<UniqueFd> given;
  bool wants = true;
};

// Verbs of a server whose time stands still.
struct Verbs : StandingShard {
  Verbs() = default;
  Verbs(const Verbs&) = delete;
  ~Verbs() {
    stop.requestStop();
    turn();
    CHECK(scope.empty());
  }

  // Begins the verb; the outcome is there when it has ended.
  void begin(std::vector<std::string> words, bool json = false) {
    request.command = std::move(words);
    request.json = json;
    outcome.reset();
    ended.reset();
    output.taken.clear();
    scope.spawn(keep(*this));
    turn();
  }
  ControlOutcome run(std::vector<std::string> words, bool json = false) {
    begin(std::move(words), json);
    return finish();
  }
  // What another thread has to say comes while the shard runs, and not by its turns alone.
  ControlOutcome finish() {
    if (!outcome) shard.run(untilEnded(*this));
    return *outcome;
  }
  Json runJson(std::vector<std::string> words) {
    CHECK(run(std::move(words), true).status == ControlStatus::ok);
    return Json::parse(output.taken);
  }

  std::string runText(std::vector<std::string> words) {
    CHECK(run(std::move(words)).status == ControlStatus::ok);
    return output.taken;
  }

  static Task<> keep(Verbs& self) {
    ControlOutcome outcome = co_await self.verbs.run(self.request, self.output, self.stop.token());
    self.outcome = std::move(outcome);
    self.ended.set();
  }
  static Task<> untilEnded(Verbs& self) { co_await self.ended.wait(StopToken()); }

  FakeServer server;
  FakeStatus status;
  StopSource stop;
  ControlRequest request;
  Taker output;
  std::optional<ControlOutcome> outcome;
  Event ended;
  ControlVerbs verbs{shard, server, status};
  TaskScope scope;
};

QueryTail& onlyTail(Verbs& verbs) {
  REQUIRE(verbs.server.tails.size() == 1);
  return *verbs.server.tails.front();
}

}  // namespace

TEST_CASE_FIXTURE(Verbs, "what is no verb, or has other arguments, is wrong usage") {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"nonsense"}, {"zone"}, {"zone", "dump"}, {"zone", "dump", "a", "b"}, {"reload", "tls"}, {"tail", "a", "b"}})
    CHECK(run(words).status == ControlStatus::usage);
  CHECK(server.told.empty());
}

TEST_CASE_FIXTURE(Verbs, "verbs that change something are told of by the log") {
  ControlRequest asked;
  const auto changeOf = [&asked](std::vector<std::string> words) {
    asked.command = std::move(words);
    return ControlVerbs::changeOf(asked);
  };
  CHECK(changeOf({"reload", "config"}) == "reload config");
  CHECK(changeOf({"log", "queries", "on"}) == "log queries on");
  CHECK(changeOf({"cache", "flush", "a\nb"}) == R"(cache flush "a\nb")");
  CHECK(changeOf({"status"}).empty());
  asked.tree = true;
  asked.duration = 60s;
  CHECK(changeOf({"cache", "flush", "example.com"}) == "cache flush example.com --tree --for 60s");
  CHECK(changeOf({"tail"}).empty());
}

TEST_CASE_FIXTURE(Verbs, "stop and drain are passed on, and say what was done to programs alone") {
  CHECK(run({"drain"}).status == ControlStatus::ok);
  CHECK(output.taken.empty());
  CHECK(runJson({"drain"}) == Json{{"draining", true}});
  request.off = true;
  CHECK(runJson({"drain"}) == Json{{"draining", false}});
  CHECK(runJson({"stop"}) == Json{{"stopping", true}});
  CHECK(server.told == std::vector<std::string>{"drain", "drain", "drain off", "stop"});
}

TEST_CASE_FIXTURE(Verbs, "a reload reads what it is told to, and its outcome is that of the zones") {
  begin({"reload"});
  CHECK(!outcome);
  ReloadReport report;
  report.zones.zones = 3;
  report.zones.loaded = 2;
  server.reloaded(report);
  CHECK(finish().status == ControlStatus::ok);
  CHECK(output.taken == "loaded 2 of 3 zones anew, 0 failed, 0 are not served\n");

  request.force = true;
  begin({"reload", "zones"}, true);
  report.zones.failed = 1;
  report.zones.addError("zone:1:1: error");
  server.reloaded(report);
  CHECK(finish().status == ControlStatus::failed);
  CHECK(outcome->error == "zone:1:1: error");
  CHECK(Json::parse(output.taken)["failed"] == 1);

  CHECK(run({"reload", "config"}).status == ControlStatus::usage);
  request.force = false;
  begin({"reload", "config"});
  CHECK(server.told == std::vector<std::string>{"reload all", "reload zones again", "reload configuration"});
}

TEST_CASE_FIXTURE(Verbs, "a reload tells what waits for a restart, and succeeds") {
  begin({"reload"});
  ReloadReport report;
  report.warnings = {"taut.toml:1:1: server.threads = 2 needs a restart"};
  server.reloaded(report);
  CHECK(finish().status == ControlStatus::ok);
  CHECK(output.taken ==
        "loaded 0 of 0 zones anew, 0 failed, 0 are not served\n"
        "warning: taut.toml:1:1: server.threads = 2 needs a restart\n");
  begin({"reload"}, true);
  server.reloaded(report);
  CHECK(finish().status == ControlStatus::ok);
  CHECK(Json::parse(output.taken)["warnings"] == report.warnings);
}

TEST_CASE_FIXTURE(Verbs, "a reload that is refused says that nothing has changed, and counts no zones") {
  ReloadReport report;
  report.refused = "nothing has changed";
  report.zones.addError("taut.toml:1:1: wrong");
  begin({"reload"});
  server.reloaded(report);
  CHECK(finish().error == "taut.toml:1:1: wrong");
  CHECK(output.taken == "nothing has changed\n");
  begin({"reload"}, true);
  server.reloaded(report);
  CHECK(finish().status == ControlStatus::failed);
  CHECK(Json::parse(output.taken) ==
        Json::parse(R"({"refused":"nothing has changed","errors":["taut.toml:1:1: wrong"],"warnings":[]})"));
}

TEST_CASE_FIXTURE(Verbs, "a request whose answer has not come when the server ends is told so") {
  begin({"reload"});
  stop.requestStop();
  turn();
  REQUIRE(outcome);
  CHECK(outcome->error == "the server is ending");
}

TEST_CASE_FIXTURE(Verbs, "zones are listed and shown with their states, and a zone is reloaded by its name") {
  const Json listed = runJson({"zone", "list"});
  CHECK(listed["zones"].size() == 3);
  CHECK(runJson({"zone", "status", "ZONE1.example"})["serial"] == 2026010101);
  CHECK(runJson({"zone", "status", "missing.example"}) ==
        Json{{"zone", "missing.example."}, {"view", ""}, {"kind", "primary"}, {"state", "not loaded"}});
  auto errors = std::make_shared<ZoneErrors>();
  errors->emplace(std::pair("", Name("zone1.example")), "one:1:5: error: wrong");
  errors->emplace(std::pair("", Name("missing.example")), "two: error: missing");
  server.now.zoneErrors = errors;
  CHECK(runJson({"zone", "status", "ZONE1.example"})["error"] == "one:1:5: error: wrong");
  CHECK(runJson({"zone", "status", "missing.example"})["error"] == "two: error: missing");
  const Json broken = runJson({"zone", "list"});
  CHECK(std::ranges::count_if(broken["zones"], [](const Json& zone) { return zone.contains("error"); }) == 2);
  run({"zone", "list"});
  CHECK(output.taken.find("; its file does not load now: one:1:5: error: wrong\n") != std::string::npos);
  CHECK(output.taken.find(" not loaded: two: error: missing\n") != std::string::npos);
  CHECK(run({"zone", "status", "nowhere"}).status == ControlStatus::failed);
  CHECK(run({"zone", "status", "a..b"}).status == ControlStatus::usage);
  begin({"zone", "reload", "zone1.example"});
  CHECK(server.told.back() == "reload zone zone1.example.");
}

TEST_CASE_FIXTURE(Verbs,
                  "a catalog is shown with its role, its members and the version not taken, and a member with it") {
  const Json expected{{"role", "consume"}, {"members", 2}, {"serial", 69}, {"error", "version 70: it is none"}};
  CHECK(runJson({"zone", "status", "zone1.example"})["catalog"] == expected);
  CHECK(!runJson({"zone", "status", "zone1.example"}).contains("member_of"));
  CHECK(runJson({"zone", "status", "zone0.example"})["member_of"] == Json{"zone1.example."});
  CHECK(!runJson({"zone", "status", "missing.example"}).contains("catalog"));
  const Json zones = runJson({"zone", "list"})["zones"];
  for (const Json& zone : zones) {
    CHECK(zone.contains("catalog") == (zone["zone"] == "zone1.example."));
    CHECK(zone.contains("member_of") == (zone["zone"] == "zone0.example."));
  }
  run({"zone", "list"});
  CHECK(output.taken.find("  catalog (consume): 2 members of version 69; a later version is not taken: version 70: it "
                          "is none\n") != std::string::npos);
  CHECK(output.taken.find(" records  member of zone1.example.\n") != std::string::npos);
}

TEST_CASE_FIXTURE(Verbs, "what is kept of a secondary zone stands in its status") {
  CHECK(runJson({"zone", "status", "zone1.example"})["kind"] == "primary");
  SecondaryStatus known;
  known.isSecondary = true;
  known.primaries = {"192.0.2.1:53"};
  known.lastPrimary = "192.0.2.1:53";
  known.checked = 10s;
  known.next = 20s;
  known.expires = 30s;
  known.failures = 4;
  known.notices = 5;
  known.updates = 6;
  server.secondary = known;
  const Json json = runJson({"zone", "status", "zone1.example"});
  CHECK(json["kind"] == "secondary");
  CHECK(json["state"] == "loaded");
  CHECK(json["primaries"] == Json{"192.0.2.1:53"});
  CHECK(json["checked_ago"] == 10);
  CHECK(json["next_check_in"] == 20);
  CHECK(json["expires_in"] == 30);
  CHECK(json["failures"] == 4);
  CHECK(json["notices_pending"] == 5);
  CHECK(json["updates"] == 6);
  server.secondary->hasExpired = true;
  CHECK(runJson({"zone", "status", "zone1.example"})["state"] == "expired");
}

TEST_CASE_FIXTURE(Verbs, "a secondary zone is checked, transferred, told of and written by hand, and no other") {
  CHECK(runJson({"zone", "refresh", "zone1.example"}) == Json{{"begun", true}});
  CHECK(server.told.back() == "refresh zone zone1.example.");
  CHECK(runJson({"zone", "retransfer", "zone1.example"}) == Json{{"begun", true}});
  CHECK(server.told.back() == "retransfer zone zone1.example.");
  CHECK(runJson({"zone", "notify", "zone1.example"}) == Json{{"begun", true}});
  CHECK(server.told.back() == "notify zone zone1.example.");
  CHECK(runJson({"zone", "flush", "zone1.example"}) == Json{{"written", true}});
  server.writeError = "/x cannot be written: No space left on device";
  CHECK(run({"zone", "flush", "zone1.example"}).error == server.writeError);
  server.upkeep = false;
  for (const char* const word : {"refresh", "retransfer", "notify", "flush"}) {
    CHECK(run({"zone", word, "zone1.example"}).status == ControlStatus::failed);
    CHECK(run({"zone", word, "nowhere"}).status == ControlStatus::failed);
    CHECK(run({"zone", word, "a..b"}).status == ControlStatus::usage);
  }
}

TEST_CASE_FIXTURE(Verbs, "a zone is dumped as it is served, in text and as JSON") {
  CHECK(run({"zone", "dump", "zone1.example"}).status == ControlStatus::ok);
  const std::string text = output.taken;
  CHECK(text.starts_with("zone1.example. 3600 IN SOA ns.zone1.example. a.zone1.example. 2026010101 "));
  std::string joined;
  const Json dumped = runJson({"zone", "dump", "zone1.example"});
  for (const Json& record : dumped["records"]) joined += record.get<std::string>() + "\n";
  CHECK(joined == text);
  CHECK(run({"zone", "dump", "missing.example"}).status == ControlStatus::failed);
}

TEST_CASE_FIXTURE(Verbs, "zones are added and removed, and why that cannot be is told") {
  request.settings = "customers";
  request.catalog = "catz.example";
  CHECK(runJson({"zone", "add", "Example.org"}) == Json{{"added", true}});
  CHECK(server.told.back() == "add zone Example.org. template 'customers' catalog 'catz.example'");
  CHECK(runJson({"zone", "remove", "example.org"}) == Json{{"removed", true}});
  CHECK(server.told.back() == "remove zone example.org.");
  server.changeError = "zone example.org. is there already";
  for (const char* const word : {"add", "remove"}) {
    const ControlOutcome refused = run({"zone", word, "example.org"});
    CHECK(refused.error == server.changeError);
    CHECK(refused.status == ControlStatus::failed);
    CHECK(run({"zone", word, "not..aname"}).status == ControlStatus::usage);
  }
  request.catalog = "a..b";
  CHECK(run({"zone", "add", "example.org"}).error == "'a..b' is not a domain name");
}

TEST_CASE_FIXTURE(Verbs, "the cache is flushed and shown, where there is one") {
  request.tree = true;
  CHECK(runJson({"cache", "flush", "example"}) == Json{{"flushed", 3}});
  CHECK(server.told.back() == "flush example. tree");
  CHECK(runJson({"cache", "show", "example"})["answers"][0]["key"] == "example. IN A");
  server.cached = false;
  CHECK(run({"cache", "show", "example"}).error == "the server has no cache");
}

TEST_CASE_FIXTURE(Verbs, "everything is forgotten without a name, and one type where names are resolved here") {
  CHECK(runJson({"cache", "flush"}) == Json{{"flushed", 3}});
  CHECK(server.told.back() == "flush . tree");
  request.type = "AAAA";
  CHECK(runJson({"cache", "flush", "example"}) == Json{{"flushed", 1}});
  CHECK(server.told.back() == "flush example. AAAA");
  CHECK(ControlVerbs::changeOf(request) == "cache flush example --type AAAA");
  CHECK(run({"cache", "flush"}).status == ControlStatus::usage);
  request.tree = true;
  CHECK(run({"cache", "flush", "example"}).status == ControlStatus::usage);
  request.tree = false;
  server.recursor = false;
  CHECK(run({"cache", "flush", "example"}).error == "the cache forgets all types of a name; leave --type out");
  request.type = "NOTYPE";
  CHECK(run({"cache", "flush", "example"}).error == "'NOTYPE' is not a type; expected one such as AAAA");
}

TEST_CASE_FIXTURE(Verbs, "negative trust anchors are added, removed and listed") {
  request.duration = std::chrono::seconds(60);
  CHECK(runJson({"nta", "add", "broken.example"}) == Json{{"added", true}});
  CHECK(server.told.back() == "nta broken.example. 60");
  CHECK(ControlVerbs::changeOf(request) == "nta add broken.example --for 60s");
  request.duration.reset();
  CHECK(runJson({"nta", "add", "broken.example"}) == Json{{"added", true}});
  CHECK(server.told.back() == "nta broken.example.");
  CHECK(runJson({"nta", "remove", "broken.example"}) == Json{{"removed", true}});
  CHECK(server.told.back() == "no nta broken.example.");
  CHECK(runJson({"nta", "list"}) ==
        Json{{"negative_trust_anchors", {{{"name", "a.example."}}, {{"name", "b.example."}, {"seconds", 60}}}}});
  CHECK(runText({"nta", "list"}) == "a.example. as configured\nb.example. for 60 s\n");
  CHECK(run({"nta", "add", "a..b"}).status == ControlStatus::usage);
  server.changeError = "no";
  CHECK(run({"nta", "add", "a.example"}).error == "there are too many negative trust anchors");
  CHECK(run({"nta", "remove", "a.example"}).error == "a.example. is no negative trust anchor");
}

TEST_CASE_FIXTURE(Verbs, "the servers that a recursor knows are shown and forgotten") {
  CHECK(runJson({"infra", "show"}) == Json{{"servers",
                                            {{{"shard", 1},
                                              {"server", "192.0.2.1:53"},
                                              {"round_trip_ms", 12.5},
                                              {"timeout_ms", 60.0},
                                              {"dead", true}}}}});
  CHECK(runText({"infra", "show"}).find("192.0.2.1:53") == 0);
  CHECK(runText({"infra", "flush"}) == "2 servers forgotten\n");
}

TEST_CASE_FIXTURE(Verbs, "a trace has a line for each step, and one for the answer") {
  server.steps->add({std::chrono::microseconds(100), 0, "look for www.example. A"});
  server.steps->add({std::chrono::microseconds(1250), 1, "ask 192.0.2.1:53"});
  server.steps->end({std::chrono::microseconds(20'000), "NOERROR", true, {}, "www.example. 60 IN A 192.0.2.9\n"});
  CHECK(runText({"trace", "www.example"}) ==
        "      0.1 ms  look for www.example. A\n"
        "      1.2 ms    ask 192.0.2.1:53\n"
        "     20.0 ms  NOERROR, secure\n"
        "www.example. 60 IN A 192.0.2.9\n");
  CHECK(server.told.back() == "trace www.example. A");
  request.type = "AAAA";
  run({"trace", "www.example"});
  CHECK(server.told.back() == "trace www.example. AAAA");
  request.type = "NOTYPE";
  CHECK(run({"trace", "www.example"}).status == ControlStatus::usage);
}

TEST_CASE_FIXTURE(Verbs, "a server that resolves nothing itself says so") {
  server.recursor = false;
  for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{{"nta", "list"},
                                                                                       {"nta", "add", "a"},
                                                                                       {"nta", "remove", "a"},
                                                                                       {"infra", "show"},
                                                                                       {"infra", "flush"},
                                                                                       {"trace", "a"}})
    CHECK(run(command).error == "the server does not resolve names itself; expected [recursion] or --recursor");
}

TEST_CASE_FIXTURE(Verbs, "the level of the log goes back when its time is over") {
  const log::Level before = log::level();
  request.duration = 60s;
  CHECK(runJson({"log", "level", "debug"}) == Json{{"level", "debug"}, {"seconds", 60}});
  CHECK(log::level() == log::Level::debug);
  pass(59s);
  verbs.tick();
  CHECK(log::level() == log::Level::debug);
  pass(1s);
  verbs.tick();
  CHECK(log::level() == before);
  CHECK(run({"log", "level", "loud"}).status == ControlStatus::usage);
}

TEST_CASE_FIXTURE(Verbs, "the log of queries is switched, and is as configured when its time is over") {
  request.duration = 60s;
  CHECK(runJson({"log", "queries", "on"}) == Json{{"queries", "on"}, {"seconds", 60}});
  pass(59s);
  verbs.tick();
  CHECK(server.told == std::vector<std::string>{"queries on"});
  pass(1s);
  verbs.tick();
  verbs.tick();
  CHECK(server.told == std::vector<std::string>{"queries on", "queries configured"});
  CHECK(run({"log", "queries", "configured"}).status == ControlStatus::usage);
  request.duration.reset();
  CHECK(run({"log", "queries", "off"}).status == ControlStatus::ok);
  CHECK(run({"log", "queries", "loud"}).status == ControlStatus::usage);
  pass(24h);
  verbs.tick();
  CHECK(server.told.back() == "queries off");
  server.starting = true;
  CHECK(run({"log", "queries", "on"}).error == "the server is still starting");
}

TEST_CASE_FIXTURE(Verbs, "a switch without a time ends the time of the one before") {
  request.duration = 60s;
  run({"log", "queries", "on"});
  request.duration.reset();
  run({"log", "queries", "on"});
  pass(61s);
  verbs.tick();
  CHECK(server.told == std::vector<std::string>{"queries on", "queries on"});
}

TEST_CASE_FIXTURE(Verbs, "the values of the configuration are shown with their places") {
  server.values = {{"server.identity", R"("$${a}")", R"("${a}")", "taut.toml:2:1"},
                   {"server.hide", R"(["nsid"])", R"(["nsid"])", "TAUT_SERVER__HIDE"},
                   {"zone[0].file", "\"\xff\"", "\"\xff\"", "--zone"}};
  CHECK(run({"config", "show"}).status == ControlStatus::ok);
  CHECK(output.taken.starts_with("server.identity = \"$${a}\"  # taut.toml:2:1\n"));
  const Json shown = runJson({"config", "show"})["values"];
  CHECK(shown[0] == Json{{"key", "server.identity"}, {"value", "${a}"}, {"origin", "taut.toml:2:1"}});
  CHECK(shown[1]["value"] == Json{"nsid"});
  CHECK(shown[2]["value"].is_string());
}

TEST_CASE_FIXTURE(Verbs, "what a reload would change is shown, with what needs a restart, or what is wrong") {
  CHECK(run({"config", "diff"}).status == ControlStatus::ok);
  CHECK(output.taken == "a reload would change no value\n");
  const ShownValue one{"server.threads", "1", "1", "taut.toml:2:1"};
  const ShownValue two{"server.threads", "2", "2", "taut.toml:3:1"};
  server.changes.changes = {{one, two, true}, {std::nullopt, one, false}, {one, std::nullopt, false}};
  server.changes.more = 4;
  run({"config", "diff"});
  CHECK(output.taken ==
        "taut.toml:3:1: server.threads = 2, was 1; needs a restart\n"
        "taut.toml:2:1: server.threads = 1, was not given\n"
        "taut.toml:2:1: server.threads is not given, was 1\nand 4 more\n");
  const Json changes = runJson({"config", "diff"});
  CHECK(changes["changes"][0]["before"] == 1);
  CHECK(changes["changes"][0]["needs_restart"] == true);
  CHECK(changes["changes"][2]["after"].is_null());
  CHECK(changes["more"] == 4);
  server.changes = {};
  server.changes.errors = {"taut.toml:1:1: a", "taut.toml:2:1: b"};
  const ControlOutcome wrong = run({"config", "diff"});
  CHECK(wrong.status == ControlStatus::failed);
  CHECK(wrong.error == "taut.toml:1:1: a\ntaut.toml:2:1: b");
  CHECK(output.taken.empty());
}

TEST_CASE_FIXTURE(Verbs, "a tail sends the lines of all shards, and says how many were dropped") {
  begin({"tail", "Example.com"});
  QueryTail& tail = onlyTail(*this);
  CHECK(*tail.filter().name == Name("example.com"));
  tail.ring(0).add("one");
  tail.ring(1).add("two");
  pass(100ms);
  CHECK(output.taken == "one\ntwo\n");
  output.taken.clear();
  for (std::size_t i = 0; i < QueryTail::maxLines + 7; ++i) tail.ring(1).add("x");
  pass(100ms);
  CHECK(output.taken.starts_with("# 7 queries are not shown: they came faster than they were read\nx\n"));
  CHECK(!outcome);
}

TEST_CASE_FIXTURE(Verbs, "a tail as JSON has an object for what was dropped too") {
  begin({"tail"}, true);
  onlyTail(*this).ring(0).drop();
  pass(100ms);
  CHECK(output.taken == "{\"dropped\":1}\n");
  CHECK(onlyTail(*this).format() == QueryLogSettings::Format::json);
}

TEST_CASE_FIXTURE(Verbs, "much that waits leaves in pieces, each shard having its part of each") {
  begin({"tail"});
  QueryTail& tail = onlyTail(*this);
  for (std::size_t i = 0; i < QueryTail::maxLines; ++i) tail.ring(0).add(std::string(1000, 'x'));
  tail.ring(1).add("y");
  pass(100ms);
  CHECK(output.writes > 10);
  CHECK(output.taken.find('y') < 300'000);
  CHECK(output.taken.size() == QueryTail::maxLines * 1001 + 2);
}

TEST_CASE_FIXTURE(Verbs, "a tail ends when its reader has gone, also while no query comes") {
  begin({"tail"});
  output.wants = false;
  pass(900ms);
  CHECK(server.tails.size() == 1);
  pass(100ms);
  REQUIRE(outcome);
  CHECK(outcome->status == ControlStatus::ok);
  CHECK(server.tails.empty());
}

TEST_CASE_FIXTURE(Verbs, "the filter of a tail is what was asked for, and what is none is wrong usage") {
  request.type = "aaaa";
  request.client = "192.0.2.0/24";
  request.rcode = "nxdomain";
  begin({"tail"});
  const QueryFilter& filter = onlyTail(*this).filter();
  CHECK(!filter.name);
  CHECK(filter.type == Type::AAAA);
  CHECK(filter.rcode == Rcode::NXDOMAIN);
  CHECK(filter.clients->allows(Address::v4({192, 0, 2, 1})));
  CHECK(!filter.clients->allows(Address::v4({192, 0, 3, 1})));
  for (std::string ControlRequest::*const member :
       {&ControlRequest::type, &ControlRequest::client, &ControlRequest::rcode}) {
    Verbs other;
    other.request.*member = "nonsense/";
    CHECK(other.run({"tail"}).status == ControlStatus::usage);
    CHECK(other.server.tails.empty());
  }
  Verbs other;
  CHECK(other.run({"tail", "a..b"}).status == ControlStatus::usage);
}

TEST_CASE_FIXTURE(Verbs, "only so many tails run at a time, and none while the server starts") {
  server.starting = true;
  CHECK(run({"tail"}).error == "the server is still starting");
  server.starting = false;
  for (std::size_t i = 0; i < ControlVerbs::maxTails; ++i) begin({"tail"});
  CHECK(server.tails.size() == ControlVerbs::maxTails);
  CHECK(run({"tail"}).status == ControlStatus::failed);
  CHECK(server.tails.size() == ControlVerbs::maxTails);
}

TEST_CASE_FIXTURE(Verbs, "each second is sent to who watches, until it wants no more") {
  begin({"watch"});
  CHECK(output.taken == "{\"second\":1}\n");
  output.wants = false;
  verbs.tick();
  turn();
  REQUIRE(outcome);
  CHECK(output.taken == "{\"second\":1}\n{\"second\":1}\n");
}

namespace {

// A server that is being upgraded: the new process's end of the channel is among what it gives away.
struct UpgradedVerbs : Verbs {
  UpgradedVerbs() {
    server.sockets.push_back({UniqueFd(::eventfd(0, EFD_CLOEXEC)), "tautd/udp/192.0.2.1_53"});
    request.duration = 30s;
    begin({"upgrade"});
    shard.run(untilGiven(*this));
  }

  static Task<> untilGiven(UpgradedVerbs& self) {
    while (self.output.given.size() < 4) co_await sleepFor(self.shard, Duration::zero());
  }

  static Task<> untilHandedOver(UpgradedVerbs& self) {
    while (self.server.told.size() < 2) co_await sleepFor(self.shard, Duration::zero());
  }

  void say(std::string_view text) {
    CHECK(::send(output.given[1].get(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
  }
  std::string heard() {
    std::array<char, 64> buffer{};
    const auto size = ::recv(output.given[1].get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    return std::string(buffer.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  }
};

}  // namespace

TEST_CASE_FIXTURE(UpgradedVerbs,
                  "an upgrade gives the sockets away with their names, and ends when the next one serves") {
  const Json description = Json::parse(output.taken);
  CHECK(description["process"] == ::getpid());
  CHECK(description["user"] == ::geteuid());
  CHECK(description["sockets"] ==
        Json({"tautd/udp/192.0.2.1_53", "tautd/predecessor", "tautd/output", "tautd/errors"}));
  CHECK_FALSE(outcome);
  output.taken.clear();
  say("ready 4711\n");
  shard.run(untilHandedOver(*this));
  CHECK_FALSE(outcome);
  stop.requestStop();
  CHECK(finish().status == ControlStatus::ok);
  CHECK(heard() == "taken\n");
  const Json result = Json::parse(output.taken);
  CHECK(result["process"] == 4711);
  CHECK(result["replaced"] == ::getpid());
  CHECK(server.told == std::vector<std::string>{"begin upgrade", "hand over to 4711", "end upgrade"});
}

TEST_CASE_FIXTURE(UpgradedVerbs, "where the next process fails the server goes on, and says why") {
  say("failed taut.toml:1:1: a mistake\ntaut.toml:2:1: another\n");
  output.given.erase(output.given.begin() + 1);
  CHECK(finish().error == "taut.toml:1:1: a mistake\ntaut.toml:2:1: another");
  CHECK(server.told == std::vector<std::string>{"begin upgrade", "end upgrade"});
}

TEST_CASE_FIXTURE(UpgradedVerbs, "where the next process ends without a word the server goes on") {
  output.given.erase(output.given.begin() + 1);
  CHECK(finish().error == "the new process ended before it was ready");
  CHECK(server.told == std::vector<std::string>{"begin upgrade", "end upgrade"});
}

TEST_CASE_FIXTURE(UpgradedVerbs, "a next process that takes too long is told that the server goes on") {
  pass(31s);
  CHECK(finish().error == "the new process was not ready within 30 s");
  CHECK(heard() == "given up\n");
  CHECK(server.told == std::vector<std::string>{"begin upgrade", "end upgrade"});
}

TEST_CASE_FIXTURE(UpgradedVerbs, "what the next process says that is no such line changes nothing") {
  for (const std::string_view nonsense : {"ready\n", "ready x\n", "ready -1\n", "ready 1 2\n", "taken\n"})
    say(nonsense);
  turn();
  output.given.erase(output.given.begin() + 1);
  CHECK(finish().status == ControlStatus::failed);
  CHECK(server.told == std::vector<std::string>{"begin upgrade", "end upgrade"});
}

TEST_CASE_FIXTURE(Verbs, "an upgrade that cannot be is refused with the reason, and nothing is given away") {
  server.refusal = "the server is still starting";
  CHECK(run({"upgrade"}).error == "the server is still starting");
  CHECK(output.given.empty());
  CHECK(server.told.empty());
}

}  // namespace control_verbs_test
