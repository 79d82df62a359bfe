// What an operator may have meant by a word that is not known.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace taut::config {

// How many characters have to be inserted, removed, replaced or swapped with their neighbour to make one of the other.
std::size_t editDistance(std::string_view from, std::string_view to);

// The known word that is nearest, at most two edits away and less than half of its length; nothing where there is none.
std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string_view> known);

}  // namespace taut::config
