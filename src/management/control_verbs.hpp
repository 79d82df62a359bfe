// What the control tool can ask for, and what is done for it.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "control_outcome.hpp"
#include "control_request.hpp"
#include "jobs.hpp"
#include "managed_server.hpp"
#include "named_socket.hpp"
#include "piece_queue.hpp"
#include "posted.hpp"
#include "taut/base/clock.hpp"
#include "taut/base/log.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/coro/event.hpp"
#include "taut/coro/semaphore.hpp"
#include "taut/coro/task.hpp"
#include "taut/io/shard.hpp"
#include "taut/net/tcp_stream.hpp"

namespace taut {

// Takes a reply, piece by piece.
class ControlOutput {
 public:
  virtual ~ControlOutput() = default;

  // False where no more is wanted. The text stays in place meanwhile.
  virtual Task<bool> write(std::string_view text) = 0;
  // Whether more is wanted: asks for it without text, where there is none for a while.
  virtual Task<bool> isWanted() = 0;
  // Gives copies of these to the reader. False where it has left, or takes none.
  virtual Task<bool> sendDescriptors(std::span<const int> descriptors) = 0;
};

// What the server is doing, as JSON and in words.
class StatusTexts {
 public:
  virtual ~StatusTexts() = default;

  static constexpr std::string_view nothingYet = "{}\n";

  virtual std::string json() = 0;
  virtual std::string text() = 0;
  // The JSON of the last second, shared by all who watch; before the first one, `nothingYet`.
  virtual std::shared_ptr<const std::string> lastJson() = 0;
};

class ControlVerbs {
 public:
  static constexpr std::size_t maxWatchers = 32;
  static constexpr std::size_t maxTails = 4;  // each looks at all queries of the server

  // All three outlive the verbs.
  ControlVerbs(Shard& shard, ManagedServer& server, StatusTexts& status) noexcept
      : shard_(shard), server_(server), status_(status) {}
  ControlVerbs(const ControlVerbs&) = delete;
  ControlVerbs& operator=(const ControlVerbs&) = delete;

  // All of it is over when the task has ended, except threads that have nothing to hand over any more.
  Task<ControlOutcome> run(const ControlRequest& request, ControlOutput& output, StopToken stop);

  // What a verb that changes something was asked for, such as "zone reload example.com"; empty for all others.
  static std::string changeOf(const ControlRequest& request);

  // A second has passed.
  void tick();

 private:
  struct Verb {
    std::string_view words;
    std::size_t arguments;
    Task<ControlOutcome> (ControlVerbs::*function)(const ControlRequest&, ControlOutput&, StopToken);
    bool changes = false;  // the log tells of it
  };

  static std::span<const Verb> verbs();

  Task<ControlOutcome> status(const ControlRequest& request, ControlOutput& output, StopToken stop);
  Task<ControlOutcome> statistics(const ControlRequest& request, ControlOutput& output, StopToken stop);
  Task<ControlOutcome> stop(const ControlRequest& request, ControlOutput& output, StopToken stop);
  Task<ControlOutcome> drain(const ControlRequest& request, ControlOutput& output, StopToken stop);
  Task<ControlOutcome> reload(const ControlRequest& request, ControlOutput& output, StopToken stop);
  Task<ControlOutcome> reloadConfiguration(const ControlRequest& request, ControlOutput& output, StopToken stop);
  Task<ControlOutcome> reloadZones(const ControlRequest& request, ControlOutput& output, StopToken stop);
  Task<ControlOutcome> listZones(const ControlRequest& request, ControlOutput& output, StopToken stop);
  Task<ControlOutcome> listHandlers(const ControlRequest& request, ControlOutput& output, StopToken stop);
  Task<ControlOutcome> zoneStatus(const ControlRequest& request, ControlOutput& output, StopToken stop);
  Task<ControlOutcome> reloadZone(const ControlRequest& request, ControlOutput& output, StopToken stop);
  Task<ControlOutcome> refreshZone(const ControlRequest& request, ControlOutput& output, StopToken stop);
  Task<ControlOutcome> retransferZone(const ControlRequest& request, ControlOutput& output, StopToken stop);
  Task<ControlOutcome> notifyZone(const ControlRequest& request, ControlOutput& output, StopToken stop);
  Task<ControlOutcome> flushZone(const ControlRequest& request, ControlOutput& output, StopToken stop);
  Task<ControlOutcome> addZone(const ControlRequest& request, ControlOutput& output, StopToken stop);
  Task<ControlOutcome> removeZone(const ControlRequest& request, ControlOutput& output, StopToken stop);
  Task<ControlOutcome> dumpZone(const ControlRequest& request, ControlOutput& output, StopToken stop);
  Task<ControlOutcome> flushCache(const ControlRequest& request, ControlOutput& output, StopToken stop);
  Task<ControlOutcome> showCache(const ControlRequest& request, ControlOutput& output, StopToken stop);
  Task<ControlOutcome> addNegativeTrustAnchor(const ControlRequest& request, ControlOutput& output, StopToken stop);
  Task<ControlOutcome> removeNegativeTrustAnchor(const ControlRequest& request, ControlOutput& output, StopToken stop);
  Task<ControlOutcome> listNegativeTrustAnchors(const ControlRequest& request, ControlOutput& output, StopToken stop);
  Task<ControlOutcome> showServers(const ControlRequest& request, ControlOutput& output, StopToken stop);
  Task<ControlOutcome> flushServers(const ControlRequest& request, ControlOutput& output, StopToken stop);
  Task<ControlOutcome> trace(const ControlRequest& request, ControlOutput& output, StopToken stop);
  Task<ControlOutcome> setLogLevel(const ControlRequest& request, ControlOutput& output, StopToken stop);
  Task<ControlOutcome> switchQueryLog(const ControlRequest& request, ControlOutput& output, StopToken stop);
  Task<ControlOutcome> showConfiguration(const ControlRequest& request, ControlOutput& output, StopToken stop);
  Task<ControlOutcome> compareConfiguration(const ControlRequest& request, ControlOutput& output, StopToken stop);
  Task<ControlOutcome> tail(const ControlRequest& request, ControlOutput& output, StopToken stop);
  Task<ControlOutcome> watch(const ControlRequest& request, ControlOutput& output, StopToken stop);
  Task<ControlOutcome> upgrade(const ControlRequest& request, ControlOutput& output, StopToken stop);

  class Upgrade;
  Task<bool> giveAway(std::vector<NamedSocket>& sockets, ControlOutput& output) const;
  Task<ControlOutcome> awaitSuccessor(TcpStream& channel, std::chrono::seconds patience, ControlOutput& output,
                                      StopToken stop);

  ControlOutcome unlessStarting(ControlOutcome outcome) const;
  Task<ControlOutcome> checkZone(const ControlRequest& request, bool whole, ControlOutput& output);
  static Task<ControlOutcome> say(std::string json, const ControlRequest& request, ControlOutput& output);
  static const Verb* find(const ControlRequest& request);
  static Task<ControlOutcome> reportChange(std::shared_ptr<Posted<std::string>> changed, std::string json,
                                           const ControlRequest& request, ControlOutput& output, StopToken stop);
  using Reload = Posted<ReloadReport>;
  Task<ControlOutcome> reload(const ReloadOrder& order, bool json, ControlOutput& output, StopToken stop);
  static Task<ControlOutcome> reportReload(std::shared_ptr<Reload> reload, bool json, ControlOutput& output,
                                           StopToken stop);
  Task<ControlOutcome> sendFromThread(std::function<void(PieceQueue&)> make, ControlOutput& output, StopToken stop);

  Shard& shard_;
  ManagedServer& server_;
  StatusTexts& status_;
  const uid_t startUser_ = ::geteuid();  // which may change when the server has started
  Event tick_;
  Semaphore watchers_{maxWatchers};
  std::optional<TimePoint> restoreLevel_;  // when the level of the log goes back to `levelBefore_`
  log::Level levelBefore_{};
  std::optional<TimePoint> restoreQueryLog_;  // when the log of queries is as configured again
  Semaphore tails_{maxTails};
  Jobs jobs_;  // last: they use what is above
};

}  // namespace taut
