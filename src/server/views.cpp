#include "taut/server/views.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "taut/base/stop_token.hpp"
#include "taut/coro/log_failure.hpp"

namespace taut {

View* Views::find(const Query& query) const {
  for (const ViewRule& rule : rules_)
    if (rule.clients.allows(query)) return rule.view.get();
  return nullptr;
}

void Views::replace(std::vector<ViewRule> rules) {
  if (isClosed_) return;
  learn(rules);
  if (!isStarted_) {
    rules_.swap(rules);
    retireOthers();
    return;
  }
  next_ = std::move(rules);
  if (!isReplacing_) replacing_.spawn(replaceWhenStarted(), replacing_.token());
}

Task<> Views::start() {
  isStarted_ = true;
  return startNew();
}

Task<> Views::replaceWhenStarted() {
  isReplacing_ = true;
  while (next_) {
    std::vector<ViewRule> rules = std::move(*next_);
    next_.reset();
    const bool started = co_await haveStarted(rules);
    if (isClosed_) break;
    if (started) rules_.swap(rules);
    if (!next_) retireOthers();
  }
  isReplacing_ = false;
}

// Views of rules that failed have been retired, so these may be new again.
Task<bool> Views::haveStarted(const std::vector<ViewRule>& rules) {
  try {
    learn(rules);
    co_await startNew();
    co_return true;
  } catch (...) {
    detail::logFailure("a view does not start, and clients have the views of before", std::current_exception());
    co_return false;
  }
}

// Others may come and go while one starts.
Task<> Views::startNew() {
  for (;;) {
    const auto isNew = [](const Known& known) { return !known.work && !known.isRetiring; };
    const auto found = std::ranges::find_if(known_, isNew);
    if (found == known_.end()) co_return;
    found->work = std::make_shared<TaskScope>();
    const Known starting = *found;
    co_await starting.view->start(*starting.work);
  }
}

// A view may go while this loop runs, so each turn looks anew.
void Views::retireOthers() {
  any_ = !rules_.empty();
  for (;;) {
    const auto gone =
        std::ranges::find_if(known_, [this](const Known& known) { return !known.isRetiring && !isNamed(*known.view); });
    if (gone == known_.end()) return;
    Task<> retiring = retire(*gone);
    gone->isRetiring = true;
    retiring_.spawn(std::move(retiring));
  }
}

bool Views::isNamed(const View& view) const {
  return std::ranges::any_of(rules_, [&view](const ViewRule& rule) { return rule.view.get() == &view; });
}

void Views::learn(const std::vector<ViewRule>& rules) {
  const std::scoped_lock lock(mutex_);
  for (const ViewRule& rule : rules)
    if (std::ranges::find(known_, rule.view, &Known::view) == known_.end()) known_.push_back({rule.view});
}

Task<> Views::retire(Known known) {
  const StopToken stop = retiring_.token();
  co_await known.view->unused(stop);
  co_await end(known);
  if (known.view->uses() == 0) forget(*known.view);  // at the end of the server it stays for handlers that go on
}

Task<> Views::end(Known known) {
  if (known.work) {
    known.work->stop();
    co_await known.work->join();
  }
  co_await known.view->close();
}

void Views::forget(const View& view) {
  ResolverStatistics last;
  view.addTo(last);
  last.caches.entries = 0;
  last.caches.bytes = 0;
  const std::scoped_lock lock(mutex_);
  std::erase_if(known_, [&view](const Known& known) { return known.view.get() == &view; });
  past_.caches += last.caches;
  past_.forwarding += last.forwarding;
  for (const UpstreamStatistics& upstream : last.upstreams) past_.upstream(upstream.server).addCounts(upstream);
}

void Views::addTo(ResolverStatistics& statistics) const {
  const std::scoped_lock lock(mutex_);
  for (const Known& known : known_) known.view->addTo(statistics);
  statistics.caches += past_.caches;
  statistics.forwarding += past_.forwarding;
  // A server that no view asks any more is told no longer, and what is told of a server does not go back.
  for (const UpstreamStatistics& upstream : past_.upstreams) {
    const auto told = std::ranges::find(statistics.upstreams, upstream.server, &UpstreamStatistics::server);
    if (told != statistics.upstreams.end()) told->addCounts(upstream);
  }
}

Task<> Views::close() {
  isClosed_ = true;
  replacing_.stop();
  co_await replacing_.join();
  retiring_.stop();
  std::vector<Known> serving;
  for (const Known& known : known_)
    if (!known.isRetiring) serving.push_back(known);
  for (const Known& known : serving) co_await end(known);
  co_await retiring_.join();
}

}  // namespace taut
