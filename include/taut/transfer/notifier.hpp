// Tells other servers that a zone has a new version: NOTIFY (RFC 1996), over UDP.
//
// - Each (zone, target) has at most one notice. A newer version takes the place of one that was not acknowledged yet:
//   it is sent at once, or half a second after the last notice where the reply to that one may still come.
// - A notice that finds no reply within 5 seconds is sent again after 15, 30 and then each 60 seconds, 5 times in all.
//   Any reply ends it; one that says no is logged.
// - How many are in flight to one target is bounded by its window, as for questions to primaries.
// - With a key, a notice is signed, and only a signed reply counts.
//
// A notice has the zone's SOA, so that a secondary knows whether it has that version already (section 3.7).
//
// All on the shard's thread. `run` is a task of whoever owns the notifier.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "taut/base/address.hpp"
#include "taut/base/bytes.hpp"
#include "taut/base/clock.hpp"
#include "taut/base/local_ref.hpp"
#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/tsig.hpp"
#include "taut/io/shard.hpp"
#include "taut/transfer/question_window.hpp"
#include "taut/zone/zone.hpp"

namespace taut {

// Who is told.
struct NotifyTarget {
  Address address{};                     // port 0 stands for 53
  std::shared_ptr<const TsigKey> key{};  // null: notices are not signed
};

class Notifier {
 public:
  static constexpr std::chrono::seconds replyLimit{5};
  static constexpr std::chrono::milliseconds newerLimit{500};  // where a newer version waits for the reply
  static constexpr unsigned maxTries = 5;

  explicit Notifier(Shard& shard);
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;
  // After `run`, or where it was never awaited.
  ~Notifier();

  // The zone, which is loaded, has a new version. Before `run`, notices wait for it.
  void notify(const Zone& version, const std::vector<NotifyTarget>& targets);

  // Of one zone.
  std::size_t pendingOf(NameView zone) const;
  std::size_t pending() const { return pending_; }  // notices without a reply that may still find one

  // Until the token of the task stops. Once.
  Task<> run();

 private:
  class Notice;
  struct Target;

  Target& targetOf(const NotifyTarget& target);
  void offer(Notice& notice);
  void begin(Target& target);
  Task<> send(LocalRef<Notice> notice);
  // Whether a reply has come.
  Task<bool> exchange(Notice& notice);
  bool takeReply(const Notice& notice, ByteSpan message, std::uint16_t id, std::optional<TsigVerifier>& verifier);

  Shard& shard_;
  std::unordered_map<Address, std::unique_ptr<Target>> targets_;
  std::size_t pending_ = 0;
  TaskScope sending_;
  bool running_ = false;
};

}  // namespace taut
