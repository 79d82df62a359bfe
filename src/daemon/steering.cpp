// What the control tool asks of a running daemon, beside a reload.
#include <cstddef>
#include <memory>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include "daemon.hpp"

namespace taut {

namespace {

// All queries are logged in the form that is configured, or none.
QueryLogSettings switched(QueryLogSettings configured, QueryLogSwitch to) {
  if (to == QueryLogSwitch::on) configured.oneIn = 1;
  if (to == QueryLogSwitch::off) configured.oneIn = 0;
  if (to == QueryLogSwitch::off) configured.errors = false;
  return configured;
}

}  // namespace

std::vector<ShownValue> Daemon::configuration() {
  return shown_.values();
}

bool Daemon::switchQueryLog(QueryLogSwitch to) {
  if (!running_) return false;
  {
    const std::scoped_lock lock(queryLogMutex_);
    queryLogSwitch_ = to;
  }
  postQueryLog();
  return true;
}

// With the lock until it is posted: of a reload and the tool, who change it at the same time, the last one counts.
void Daemon::postQueryLog() {
  const std::scoped_lock lock(queryLogMutex_);
  const QueryLogSettings settings = switched(shown_.queryLog(), queryLogSwitch_);
  server_.post([settings](std::size_t, ServerFactory& factory) { factory.setQueryLog(settings); });
}

std::shared_ptr<QueryTail> Daemon::startTail(QueryFilter filter, QueryLogSettings::Format format) {
  if (!running_) return nullptr;
  auto tail = std::make_shared<QueryTail>(server_.shardCount(), std::move(filter), format);
  try {
    server_.post([tail](std::size_t shard, ServerFactory& factory) { factory.addQueryTail(tail, shard); });
  } catch (const std::bad_alloc&) {
    endTail(tail);  // some shards have it
    throw;
  }
  return tail;
}

void Daemon::endTail(std::shared_ptr<QueryTail> tail) {
  server_.post([tail = std::move(tail)](std::size_t, ServerFactory& factory) { factory.removeQueryTail(*tail); });
}

}  // namespace taut
