#include "suggestion.hpp"

#include <algorithm>
#include <vector>

namespace taut::config {

std::size_t editDistance(std::string_view from, std::string_view to) {
  std::vector<std::vector<std::size_t>> cost(from.size() + 1, std::vector<std::size_t>(to.size() + 1));
  for (std::size_t i = 0; i <= from.size(); ++i) {
    for (std::size_t j = 0; j <= to.size(); ++j) {
      if (i == 0 || j == 0) {
        cost[i][j] = i + j;
        continue;
      }
      const std::size_t replaced = cost[i - 1][j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, replaced});
      const bool swapped = i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1];
      if (swapped) cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  }
  return cost[from.size()][to.size()];
}

std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string_view> known) {
  constexpr std::size_t maxEdits = 2;
  std::optional<std::string_view> found;
  std::size_t least = maxEdits + 1;
  for (const std::string_view candidate : known) {
    // Long words are not compared, whose distance could not be small.
    if (candidate.size() > word.size() + maxEdits || word.size() > candidate.size() + maxEdits) continue;
    const std::size_t distance = editDistance(word, candidate);
    if (distance >= least || 2 * distance >= candidate.size()) continue;
    least = distance;
    found = candidate;
  }
  return found;
}

}  // namespace taut::config
