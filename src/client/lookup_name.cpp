#include "taut/client/lookup_name.hpp"

namespace taut {

namespace {

// A backslash before the last dot makes it an octet of a label, unless another one escapes the backslash.
bool endsInDot(std::string_view text) {
  if (!text.ends_with('.')) return false;
  text.remove_suffix(1);
  const std::size_t backslashes = text.size() - (text.find_last_not_of('\\') + 1);
  return backslashes % 2 == 0;
}

}  // namespace

LookupName::LookupName(std::string_view text) : relative_(!endsInDot(text)) {
  NameError error{};
  if (!Name::parse(text, {}, name_, &error)) error_ = error;
  // Without a label there is nothing to complete.
  if (name_.isRoot()) relative_ = false;
}

std::vector<Name> LookupName::candidates(std::span<const Name> search, std::size_t ndots) const {
  std::vector<Name> names;
  if (!relative_) return {name_};
  for (const Name& suffix : search) {
    const auto completed = Name::substitute(name_, NameView(), suffix);
    if (completed && !suffix.isRoot()) names.push_back(*completed);
  }
  const std::size_t dots = name_.labelCount() - 1;
  names.insert(dots >= ndots ? names.begin() : names.end(), name_);
  return names;
}

}  // namespace taut
