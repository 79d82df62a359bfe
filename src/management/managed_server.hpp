// The server as its management sees it: what can be asked of it, and what it can be told to do. Implemented by the
// daemon, and by tests.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "named_socket.hpp"
#include "snapshot.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/type.hpp"
#include "taut/server/query_log.hpp"
#include "taut/server/query_tail.hpp"
#include "taut/server/top_queries.hpp"
#include "taut/zones/zone_store.hpp"
#include "trace_steps.hpp"

namespace taut {

// One answer of a cache, in words.
struct ShownAnswer {
  std::size_t shard = 0;
  std::string view;         // whose cache has it; empty: that of those who have none
  std::string key;          // name, class and type asked for, and CD where it was; of a recursor the name
  std::string rcode;        // empty: the records say for themselves what is known, as those of a recursor do
  std::size_t seconds = 0;  // for so long it is kept still
  std::string records;      // as in a master file, TTLs as they are now
};

// A name below which nothing is validated (RFC 7646).
struct ShownNegativeTrustAnchor {
  std::string name;
  std::optional<std::chrono::seconds> left;  // nothing: for ever
};

// A server that a recursor knows.
struct ShownServer {
  std::size_t shard = 0;
  std::string address;
  std::chrono::microseconds roundTrip{};
  std::chrono::microseconds timeout{};
  bool dead = false;
};

// What a reload reads again.
struct ReloadOrder {
  enum class What : std::uint8_t { all, configuration, zones };

  What what = What::all;
  Reread reread = Reread::changed;  // of the master files
};

// What a reload came to.
struct ReloadReport {
  ZoneReload zones;                   // its errors are those of the configuration too
  std::vector<std::string> warnings;  // of the configuration; that a value waits for a restart, say
  std::string refused;                // in a sentence, where it did not come to the zones; otherwise empty
};

// What is done with the log of queries, whatever the configuration says.
enum class QueryLogSwitch : std::uint8_t { configured, on, off };

// A value of the configuration in words.
struct ShownValue {
  std::string key;
  std::string text;    // as a file says it
  std::string json;    // the same as JSON
  std::string origin;  // FILE:LINE:COLUMN, a variable, an option, or "default"
};

// A value that differs; `before` or `after` is missing where it is not given there.
struct ShownChange {
  std::optional<ShownValue> before;
  std::optional<ShownValue> after;
  bool needsRestart = false;

  const ShownValue& either() const { return after ? *after : *before; }
};

// What a reload would change.
struct ConfigurationChanges {
  std::vector<ShownChange> changes;
  std::size_t more = 0;             // changes that are not shown
  std::vector<std::string> errors;  // what is wrong with the files; a reload would change nothing then
};

// A zone that is not in the configuration.
struct AddedZone {
  std::string name;      // a valid domain name
  std::string settings;  // the name of the template; empty: [zone-defaults]
  std::string catalog;   // that it is a member of, a valid domain name; empty: that of the template
};

// All functions but one are called on the management thread and return at once. A `done` is called later, on any
// thread; it is not called where the server ends first.
class ManagedServer {
 public:
  virtual ~ManagedServer() = default;

  // Costs no more than the reading of counters.
  virtual ManagementSnapshot snapshot() = 0;

  // What each thread is asked for at the moment; nothing where none counts it.
  virtual void collectTop(std::function<void(std::vector<TopLists>)> done) = 0;

  virtual Readiness readiness() = 0;
  // Whether all threads that serve look for what has come in.
  virtual bool isResponsive() = 0;

  // As SIGTERM does.
  virtual void stop() = 0;
  // Whether the server is ready for clients; it serves all the same.
  virtual void drain(bool on) = 0;

  using Reloaded = std::function<void(const ReloadReport&)>;
  virtual void reload(const ReloadOrder& order, Reloaded done) = 0;
  // Of the view; empty: of those that all see.
  virtual void reloadZone(const Name& origin, const std::string& view, Reloaded done) = 0;

  // Checks a secondary zone now; with `whole` takes it whole, whatever its serial. False where it is none.
  virtual bool refreshZone(const Name& origin, bool whole) = 0;
  // Tells those whom the configuration names of the zone's version. False where it names none.
  virtual bool notifyZone(const Name& origin) = 0;
  // Writes the file of a secondary zone, or of one that takes updates, now; `done` gets why that could not be, or an
  // empty text. False where no file of it is written.
  virtual bool flushZone(const Name& origin, std::function<void(std::string)> done) = 0;
  // Serves a zone from now on, also after a restart; `done` gets why that could not be, or an empty text.
  virtual void addZone(const AddedZone& zone, std::function<void(std::string)> done) = 0;
  // Serves a zone no more that was added so.
  virtual void removeZone(const Name& origin, std::function<void(std::string)> done) = 0;
  // Nothing for a zone that neither comes from other servers nor is told of.
  virtual void describeZone(const Name& origin, std::function<void(std::optional<SecondaryStatus>)> done) = 0;

  // Prepares to hand the server over: `done` gets copies of all sockets that are listened on. Returns why that cannot
  // be, and calls nothing then. Until `endUpgrade` nothing is reloaded.
  virtual std::string beginUpgrade(std::function<void(std::vector<NamedSocket>)> done) = 0;
  virtual void endUpgrade() = 0;
  // The new process serves: this one takes no new queries, answers what it has, and ends its management at last.
  virtual void handOver(pid_t process) = 0;

  // What holds, except the zones.
  virtual std::vector<ShownValue> configuration() = 0;
  // Reads the files of the configuration, which may take long: to be called on any other thread.
  virtual ConfigurationChanges compareConfiguration() = 0;

  // False where the server is still starting.
  virtual bool switchQueryLog(QueryLogSwitch to) = 0;
  // Has queries shown from now on, until `endTail`. Null where the server is still starting.
  virtual std::shared_ptr<QueryTail> startTail(QueryFilter filter, QueryLogSettings::Format format) = 0;
  virtual void endTail(std::shared_ptr<QueryTail> tail) = 0;

  virtual bool hasCache() const = 0;
  // `done` gets the number of answers of all shards that were forgotten.
  virtual void flushCache(const Name& name, bool tree, std::function<void(std::size_t)> done) = 0;
  // Of one type. A server with a recursor alone can do it.
  virtual void flushCache(const Name& name, Type type, std::function<void(std::size_t)> done) = 0;
  virtual void showCache(const Name& name, std::function<void(std::vector<ShownAnswer>)> done) = 0;

  // Whether names are resolved from the root down. What follows is for such a server alone.
  virtual bool hasRecursor() const = 0;
  // For as long as it is usual where no time is given. `done` gets false where there are too many.
  virtual void addNegativeTrustAnchor(const Name& name, std::optional<std::chrono::seconds> lifetime,
                                      std::function<void(bool)> done) = 0;
  // `done` gets false where there is none.
  virtual void removeNegativeTrustAnchor(const Name& name, std::function<void(bool)> done) = 0;
  virtual void listNegativeTrustAnchors(std::function<void(std::vector<ShownNegativeTrustAnchor>)> done) = 0;
  virtual void showServers(std::function<void(std::vector<ShownServer>)> done) = 0;
  virtual void flushServers(std::function<void(std::size_t)> done) = 0;
  // Resolves the question whatever is kept; the steps come as they are taken.
  virtual std::shared_ptr<TraceSteps> trace(const Name& name, Type type) = 0;
};

}  // namespace taut
