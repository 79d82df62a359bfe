// A server for tests of what steers it: it keeps what it was told, and answers when the test says so.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include "full_snapshot.hpp"

#include "management/control_verbs.hpp"
#include "management/managed_server.hpp"
#include "management/named_socket.hpp"

namespace taut {

class FakeServer : public ManagedServer {
 public:
  ManagementSnapshot snapshot() override { return now; }
  void collectTop(std::function<void(std::vector<TopLists>)> done) override { done({}); }
  Readiness readiness() override { return now.readiness; }
  bool isResponsive() override { return true; }
  void stop() override {
    told.emplace_back("stop");
    if (onStop) onStop();
  }
  void drain(bool on) override { told.emplace_back(on ? "drain" : "drain off"); }
  void reload(const ReloadOrder& order, Reloaded done) override {
    constexpr const char* names[] = {"all", "configuration", "zones"};
    told.push_back(std::string("reload ") + names[static_cast<int>(order.what)] +
                   (order.reread == Reread::all ? " again" : ""));
    reloaded = std::move(done);
  }
  void reloadZone(const Name& origin, const std::string&, Reloaded done) override {
    told.push_back("reload zone " + origin.toString());
    reloaded = std::move(done);
  }
  bool refreshZone(const Name& origin, bool whole) override {
    told.push_back((whole ? "retransfer zone " : "refresh zone ") + origin.toString());
    return upkeep;
  }
  bool notifyZone(const Name& origin) override {
    told.push_back("notify zone " + origin.toString());
    return upkeep;
  }
  bool flushZone(const Name& origin, std::function<void(std::string)> done) override {
    told.push_back("flush zone " + origin.toString());
    if (upkeep) done(writeError);
    return upkeep;
  }
  void addZone(const AddedZone& zone, std::function<void(std::string)> done) override {
    told.push_back(fmt::format("add zone {} template '{}' catalog '{}'", zone.name, zone.settings, zone.catalog));
    done(changeError);
  }
  void removeZone(const Name& origin, std::function<void(std::string)> done) override {
    told.push_back("remove zone " + origin.toString());
    done(changeError);
  }
  void describeZone(const Name&, std::function<void(std::optional<SecondaryStatus>)> done) override { done(secondary); }
  std::string beginUpgrade(std::function<void(std::vector<NamedSocket>)> done) override {
    if (!refusal.empty()) return refusal;
    told.emplace_back("begin upgrade");
    done(std::move(sockets));
    return {};
  }
  void endUpgrade() override { told.emplace_back("end upgrade"); }
  void handOver(pid_t process) override { told.push_back("hand over to " + std::to_string(process)); }
  std::vector<ShownValue> configuration() override { return values; }
  ConfigurationChanges compareConfiguration() override { return changes; }
  bool switchQueryLog(QueryLogSwitch to) override {
    constexpr const char* names[] = {"configured", "on", "off"};
    if (starting) return false;
    told.push_back(std::string("queries ") + names[static_cast<int>(to)]);
    return true;
  }
  std::shared_ptr<QueryTail> startTail(QueryFilter filter, QueryLogSettings::Format format) override {
    if (starting) return nullptr;
    return tails.emplace_back(std::make_shared<QueryTail>(2, std::move(filter), format));
  }
  void endTail(std::shared_ptr<QueryTail> tail) override { std::erase(tails, tail); }
  bool hasCache() const override { return cached; }
  void flushCache(const Name& name, bool tree, std::function<void(std::size_t)> done) override {
    told.push_back("flush " + name.toString() + (tree ? " tree" : ""));
    done(3);
  }
  void showCache(const Name& name, std::function<void(std::vector<ShownAnswer>)> done) override {
    ShownAnswer answer;
    answer.key = name.toString() + " IN A";
    answer.rcode = "NOERROR";
    answer.seconds = 60;
    answer.records = name.toString() + " 60 IN A 192.0.2.1\n";
    done({answer});
  }

  void flushCache(const Name& name, Type type, std::function<void(std::size_t)> done) override {
    told.push_back("flush " + name.toString() + " " + toString(type));
    done(1);
  }
  bool hasRecursor() const override { return recursor; }
  void addNegativeTrustAnchor(const Name& name, std::optional<std::chrono::seconds> lifetime,
                              std::function<void(bool)> done) override {
    told.push_back("nta " + name.toString() + (lifetime ? " " + std::to_string(lifetime->count()) : ""));
    done(changeError.empty());
  }
  void removeNegativeTrustAnchor(const Name& name, std::function<void(bool)> done) override {
    told.push_back("no nta " + name.toString());
    done(changeError.empty());
  }
  void listNegativeTrustAnchors(std::function<void(std::vector<ShownNegativeTrustAnchor>)> done) override {
    done({{"a.example.", std::nullopt}, {"b.example.", std::chrono::seconds(60)}});
  }
  void showServers(std::function<void(std::vector<ShownServer>)> done) override {
    done({{1, "192.0.2.1:53", std::chrono::microseconds(12'500), std::chrono::microseconds(60'000), true}});
  }
  void flushServers(std::function<void(std::size_t)> done) override {
    told.emplace_back("flush servers");
    done(2);
  }
  std::shared_ptr<TraceSteps> trace(const Name& name, Type type) override {
    told.push_back("trace " + name.toString() + " " + toString(type));
    return steps;
  }

  ManagementSnapshot now = fullSnapshot();
  std::vector<std::string> told;  // to do, in words
  std::function<void()> onStop;
  Reloaded reloaded;  // of the last reload
  std::vector<NamedSocket> sockets;
  std::string refusal;  // of an upgrade
  std::vector<ShownValue> values;
  ConfigurationChanges changes;
  std::vector<std::shared_ptr<QueryTail>> tails;  // that have not ended
  bool upkeep = true;                             // of all zones
  std::string writeError;                         // of their files
  std::string changeError;                        // of zones that are added and removed
  std::optional<SecondaryStatus> secondary;       // of each zone
  bool starting = false;
  bool cached = true;
  bool recursor = true;
  std::shared_ptr<TraceSteps> steps = std::make_shared<TraceSteps>();  // of each trace
};

class FakeStatus final : public StatusTexts {
 public:
  std::string json() override { return "{}"; }
  std::string text() override { return words; }
  std::shared_ptr<const std::string> lastJson() override { return last; }

  std::string words = "status\n";
  std::shared_ptr<const std::string> last = std::make_shared<const std::string>("{\"second\":1}\n");
};

}  // namespace taut
