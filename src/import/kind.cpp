#include <algorithm>
#include <array>
#include <cstddef>
#include <string>

#include "cursor.hpp"
#include "import.hpp"

namespace taut::importer {

namespace {

constexpr std::size_t kinds = 5;
constexpr std::array<std::string_view, kinds> names = {"bind", "knot", "nsd", "unbound", "coredns"};

struct Mark {
  std::string_view text;
  Kind kind;
  bool begins;  // the name of a file, rather than being within it; a line's text likewise
};

constexpr Mark fileMarks[] = {
    {"named", Kind::bind, true},      {"knot", Kind::knot, true},         {"nsd", Kind::nsd, true},
    {"unbound", Kind::unbound, true}, {"corefile", Kind::coredns, false},
};

// What stands in a line of one kind alone.
constexpr Mark lineMarks[] = {
    {"options {", Kind::bind, true},
    {"zone \"", Kind::bind, true},
    {"include \"", Kind::bind, true},
    {"type master;", Kind::bind, false},
    {"type primary;", Kind::bind, false},
    {"acl ", Kind::bind, true},
    {"};", Kind::bind, false},
    {"- domain:", Kind::knot, true},
    {"- id:", Kind::knot, true},
    {"- target:", Kind::knot, true},
    {"template:", Kind::knot, true},
    {"listen:", Kind::knot, true},
    {"zonefile:", Kind::nsd, true},
    {"zonesdir:", Kind::nsd, true},
    {"pattern:", Kind::nsd, true},
    {"server-count:", Kind::nsd, true},
    {"request-xfr:", Kind::nsd, true},
    {"forward-zone:", Kind::unbound, true},
    {"access-control:", Kind::unbound, true},
    {"auth-zone:", Kind::unbound, true},
    {"stub-zone:", Kind::unbound, true},
    {"num-threads:", Kind::unbound, true},
    {"local-data:", Kind::unbound, true},
    {"forward . ", Kind::coredns, true},
    {"errors", Kind::coredns, true},
    {"prometheus", Kind::coredns, true},
    {"{", Kind::coredns, false},
};

std::string_view trimmed(std::string_view line) {
  while (!line.empty() && isBlank(line.front())) line.remove_prefix(1);
  while (!line.empty() && isBlank(line.back())) line.remove_suffix(1);
  return line;
}

// The one kind with the most; nothing where two have as many.
std::optional<Kind> most(const std::array<std::size_t, kinds>& counts) {
  const auto* const best = std::ranges::max_element(counts);
  if (*best == 0 || std::ranges::count(counts, *best) > 1) return std::nullopt;
  return static_cast<Kind>(best - counts.begin());
}

}  // namespace

std::string_view nameOf(Kind kind) {
  return names[static_cast<std::size_t>(kind)];
}

std::optional<Kind> kindOf(std::string_view name) {
  const auto* const found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<Kind>(found - names.begin());
}

std::optional<Kind> guessKind(std::string_view path, std::string_view text) {
  const std::string name = lowerCase(path.substr(path.rfind('/') + 1));
  for (const Mark& mark : fileMarks)
    if (mark.begins ? name.starts_with(mark.text) : name.find(mark.text) != std::string::npos) return mark.kind;
  std::array<std::size_t, kinds> counts{};
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    for (const Mark& mark : lineMarks) {
      if (mark.begins ? !line.starts_with(mark.text) : line.find(mark.text) == std::string_view::npos) continue;
      ++counts[static_cast<std::size_t>(mark.kind)];
      break;
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return most(counts);
}

}  // namespace taut::importer
