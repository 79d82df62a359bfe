#include "taut/client/record_order.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <utility>

#include "taut/base/random.hpp"

namespace taut {

namespace {

template <class Record, class Key>
void shuffleEqual(std::vector<Record>& records, const Key& key, const RandomSource& random) {
  for (std::size_t first = 0, end = 0; first < records.size(); first = end) {
    for (end = first + 1; end < records.size() && key(records[end]) == key(records[first]);) ++end;
    for (std::size_t left = end - first; left > 1; --left) {
      const std::size_t drawn = std::min<std::size_t>(random(static_cast<std::uint32_t>(left - 1)), left - 1);
      std::swap(records[first + drawn], records[first + left - 1]);
    }
  }
}

// Draws one after the other: each is as likely as its share of the weights that are left. `places` are those of
// services of one priority; the records are large, and many may have been sent, so places move in their stead.
void drawByWeight(const std::vector<rdata::SRV>& services, std::span<std::size_t> places, const RandomSource& random) {
  const auto weight = [&](std::size_t place) { return std::uint32_t{services[place].weight}; };
  // Those without a weight come first, so that they have a chance: the sum that is drawn may be 0.
  std::ranges::stable_partition(places, [&](std::size_t place) { return weight(place) == 0; });
  std::uint32_t total = 0;
  for (const std::size_t place : places) total += weight(place);
  for (; places.size() > 1; places = places.subspan(1)) {
    const std::uint32_t drawn = std::min(random(total), total);
    std::uint32_t sum = 0;
    const auto chosen =
        std::ranges::find_if(places, [&](std::size_t place) { return (sum += weight(place)) >= drawn; });
    total -= weight(*chosen);
    std::rotate(places.begin(), chosen, chosen + 1);
  }
}

}  // namespace

std::uint32_t randomUpTo(std::uint32_t most) {
  return static_cast<std::uint32_t>(randomU64() % (std::uint64_t{most} + 1));
}

void orderRecords(std::vector<rdata::MX>& exchanges, const RandomSource& random) {
  std::ranges::stable_sort(exchanges, {}, &rdata::MX::preference);
  shuffleEqual(
      exchanges, [](const rdata::MX& mx) { return mx.preference; }, random);
}

void orderRecords(std::vector<rdata::SRV>& services, const RandomSource& random) {
  std::vector<std::size_t> places(services.size());
  std::iota(places.begin(), places.end(), std::size_t{0});
  std::ranges::stable_sort(places, {}, [&](std::size_t place) { return services[place].priority; });
  for (std::size_t first = 0, end = 0; first < places.size(); first = end) {
    const std::uint16_t priority = services[places[first]].priority;
    for (end = first + 1; end < places.size() && services[places[end]].priority == priority;) ++end;
    drawByWeight(services, std::span(places).subspan(first, end - first), random);
  }
  std::vector<rdata::SRV> ordered;
  ordered.reserve(services.size());
  for (const std::size_t place : places) ordered.push_back(std::move(services[place]));
  services = std::move(ordered);
}

void orderRecords(std::vector<rdata::NAPTR>& rules, const RandomSource&) {
  std::ranges::stable_sort(rules, {}, [](const rdata::NAPTR& rule) { return std::pair(rule.order, rule.preference); });
}

}  // namespace taut
