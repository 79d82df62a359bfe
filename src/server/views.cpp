#include "taut/server/views.hpp"

#include <algorithm>
#include <utility>

#include "taut/base/stop_token.hpp"

namespace taut {

View* Views::find(const Address& client) const {
  for (const ViewRule& rule : rules_)
    if (rule.clients.allows(client)) return rule.view.get();
  return nullptr;
}

void Views::replace(std::vector<ViewRule> rules) {
  if (isClosed_) return;
  for (const ViewRule& rule : rules) learn(rule.view);
  rules_.swap(rules);
  any_ = !rules_.empty();
  // A view may go while this loop runs, so each turn looks anew.
  for (;;) {
    const auto gone =
        std::ranges::find_if(known_, [this](const Known& known) { return !known.isRetiring && !isNamed(*known.view); });
    if (gone == known_.end()) return;
    Task<> retiring = retire(gone->view);
    gone->isRetiring = true;
    retiring_.spawn(std::move(retiring));
  }
}

bool Views::isNamed(const View& view) const {
  return std::ranges::any_of(rules_, [&view](const ViewRule& rule) { return rule.view.get() == &view; });
}

void Views::learn(const std::shared_ptr<View>& view) {
  const std::scoped_lock lock(mutex_);
  if (std::ranges::find(known_, view, &Known::view) == known_.end()) known_.push_back({view});
}

Task<> Views::retire(std::shared_ptr<View> view) {
  const StopToken stop = retiring_.token();
  co_await view->unused(stop);
  co_await view->close();
  if (view->uses() == 0) forget(*view);  // at the end of the server it stays for handlers that go on
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
  retiring_.stop();
  std::vector<std::shared_ptr<View>> serving;
  for (const Known& known : known_)
    if (!known.isRetiring) serving.push_back(known.view);
  for (const auto& view : serving) co_await view->close();
  co_await retiring_.join();
}

}  // namespace taut
