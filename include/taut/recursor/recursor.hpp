// A resolver that finds answers itself (RFC 1034 section 5.3.3): from the root down, by iterative questions to the
// servers of one zone after the other, and that validates what it finds by DNSSEC (RFC 4035 section 4).
//
//   auto recursor = std::make_shared<Recursor>(shard, options);
//
//  - An answer is put together from what is kept of each name, link by link of a chain of aliases: a hit is a ready
//    task that borrows from the caches. DO and CD decide what of it a client gets, and not what is looked for.
//  - What is looked for is looked for once: all that need a name and type at the same time wait for one fetch.
//  - All the work that a client's question leads to counts against one Budget and one CryptoBudget. When a limit is
//    met, or all servers fail, the answer is SERVFAIL, with the reason (RFC 8914), and is kept for a while (RFC 9520).
//  - Bogus data is SERVFAIL, but for clients that set CD. AD is set where each RRset of answer and authority section
//    is secure (RFC 4035 section 3.2.3).
//  - With `servesStale`, a client waits for 1.8 s at most where there is an answer that has ended (RFC 8767): it gets
//    that one then, or when no new one can be had, with a TTL of 30 s.
//
// Once it was started it keeps the servers of the root known (RFC 8109), and looks every 300 s whether the zones of
// negative trust anchors that have an end still need them.
//
// A query without RD is REFUSED, and so are transfers: a recursor has no data of its own. Each shard has its own.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/dns/answer.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/query.hpp"
#include "taut/dns/type.hpp"
#include "taut/io/shard.hpp"
#include "taut/recursor/local_root.hpp"
#include "taut/recursor/negative_trust_anchors.hpp"
#include "taut/recursor/recursor_options.hpp"
#include "taut/recursor/recursor_statistics.hpp"
#include "taut/recursor/resolution_trace.hpp"
#include "taut/recursor/server_transport.hpp"
#include "taut/recursor/trust_anchors.hpp"
#include "taut/resolver/resolver.hpp"

namespace taut {

namespace detail {
class RecursorCore;
class RecursorUpkeep;
}  // namespace detail

// A server, as it is known from asking it.
struct KnownServer {
  Address address;
  Duration roundTrip{};  // smoothed; 0 where it has never answered
  Duration timeout{};
  bool dead = false;
};

class Recursor final : public Resolver {
 public:
  // Throws std::invalid_argument where no root hints are given.
  Recursor(Shard& shard, RecursorOptions options);
  // Asks by the transport, which a test may have made.
  Recursor(Shard& shard, RecursorOptions options, std::unique_ptr<ServerTransport> transport);
  ~Recursor() override;

  Task<std::optional<Answer>> resolve(const Query& query) override;
  Task<> start(TaskScope& work) override;
  Task<> close() override;
  void addTo(ResolverStatistics& statistics) const override;

  // Resolves the question, whatever is kept, and tells of each step. Nothing where the token stopped it.
  Task<std::optional<Answer>> trace(const Query& query, ResolutionTrace& trace);

  // Forgets what is kept of the name and type, of the name, of all names at and below it, or everything. Servers are
  // forgotten by `flushServers` alone. Tells how many entries there were.
  std::size_t flush(NameView name, Type type);
  std::size_t flush(NameView name);
  std::size_t flushTree(NameView name);
  std::size_t flushAll();
  std::size_t flushServers();

  // Names below which nothing is validated for a while (RFC 7646). Setting one forgets what was bogus below it. One
  // that has an end is removed before, when the SOA record of its name is found to be good without it.
  const NegativeTrustAnchors& negativeTrustAnchors() const;
  bool setNegativeTrustAnchor(NameView name, std::optional<std::chrono::seconds> duration);  // nothing: for ever
  bool removeNegativeTrustAnchor(NameView name);

  // What validation begins with from now on; null for nothing. Where the anchors of a zone change, its keys are judged
  // anew, and what was bogus below it is forgotten.
  void setTrustAnchors(std::shared_ptr<const TrustAnchors> anchors);

  // Where referrals of the root and its keys are taken from now on, without asking its servers (RFC 8806); null: from
  // these servers. They are asked for all else, for what could not be validated, and once the copy proves nothing any
  // more. What was learnt before is kept for as long as it would have been.
  void setLocalRoot(std::shared_ptr<const LocalRoot> root);

  // Visits the servers that are known, in no order, until `visit` returns false.
  void forEachServer(const std::function<bool(const KnownServer&)>& visit) const;
  // Visits the RRsets and absences that are kept at the name, or at and below it with `tree`, each as a line in the
  // form of a master file with what is known of it in a comment.
  void show(NameView name, bool tree, const std::function<void(const std::string&)>& visit) const;

  // May be called on any thread.
  RecursorStatistics statistics() const;

 private:
  friend class TrustAnchorUpkeep;

  std::unique_ptr<detail::RecursorCore> core_;
  std::unique_ptr<detail::RecursorUpkeep> upkeep_;  // null until it is started
};

}  // namespace taut
