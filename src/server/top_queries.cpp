#include "taut/server/top_queries.hpp"

#include <algorithm>
#include <functional>

#include "client_network.hpp"

namespace taut {

namespace {

constexpr std::size_t v4PrefixOctets = 4;

template <typename Key>
void append(std::vector<Counted<Key>>& all, const std::vector<Counted<Key>>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

// One count for each key, in place of one for each shard that was asked.
template <typename Key>
void addUp(std::vector<Counted<Key>>& list) {
  std::ranges::sort(list, [](const auto& left, const auto& right) { return (left.key <=> right.key) < 0; });
  std::size_t size = 0;
  for (const Counted<Key>& next : list) {
    if (size > 0 && list[size - 1].key == next.key) {
      list[size - 1].count += next.count;
      list[size - 1].error += next.error;
    } else {
      list[size++] = next;
    }
  }
  list.resize(size);
  std::ranges::stable_sort(list, std::greater<>(), &Counted<Key>::atLeast);
  list.resize(std::min(size, TopLists::maxShown));
}

}  // namespace

std::string TopClient::toString() const {
  return networkText(number, v4PrefixOctets);
}

TopLists TopLists::merged(std::vector<TopLists> lists) {
  TopLists all;
  for (const TopLists& list : lists) {
    all.queries += list.queries;
    append(all.names, list.names);
    append(all.clients, list.clients);
    append(all.types, list.types);
  }
  addUp(all.names);
  addUp(all.clients);
  addUp(all.types);
  return all;
}

std::uint32_t TopQueries::add(const Query& query) noexcept {
  constexpr std::uint64_t gaps = 2 * oneIn - 1;  // 1 to 127: 64 in the middle
  if (query.hasQuestion()) {
    decay(query.received());
    const TopClient client{networkNumber(query.peer(), v4PrefixOctets)};
    names_.add(query.name().view(), query.nameHash(), oneIn);
    clients_.add(client, detail::foldedProduct(client.number ^ secret_.first, secret_.second), oneIn);
    types_.add(query.type(), static_cast<std::uint64_t>(query.type()), oneIn);
  }
  return static_cast<std::uint32_t>(1 + nextRandom() % gaps);
}

TopLists TopQueries::top(TimePoint now) {
  decay(now);
  TopLists lists;
  lists.queries = names_.total();
  lists.names = names_.top(collected);
  lists.clients = clients_.top(collected);
  lists.types = types_.top(collected);
  return lists;
}

void TopQueries::decay(TimePoint now) noexcept {
  while (now - halved_ >= halfLife) {
    if (names_.total() == 0) {  // also where nothing has come for very long
      halved_ = now;
      return;
    }
    names_.halve();
    clients_.halve();
    types_.halve();
    halved_ += halfLife;
  }
}

// xorshift: what it gives cannot be told from outside, and need not be better than that.
std::uint64_t TopQueries::nextRandom() noexcept {
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  return random_;
}

}  // namespace taut
