#include "help_formatter.hpp"

#include <cstddef>
#include <string_view>

#include <fmt/format.h>

#include "taut/base/text.hpp"

namespace taut::config {

namespace {

constexpr std::size_t width = 80;
constexpr std::size_t indent = 28;  // of what is said of an option

// `-z,--zone` as `-z, --zone`; a long name alone stands below the other long ones.
std::string namesOf(const CLI::Option& option) {
  std::string names = option.get_name(false, true);
  for (std::size_t at = names.find(','); at != std::string::npos; at = names.find(',', at + 1))
    names.insert(at + 1, " ");
  return names.starts_with("--") ? "    " + names : names;
}

// The words, in lines of their own from the column of descriptions on, the first one without its indent.
std::string wrapped(std::string_view words) {
  std::string text;
  std::size_t column = indent;
  for (std::string_view word = takeWord(words); !word.empty(); word = takeWord(words)) {
    if (column > indent && column + 1 + word.size() > width) {
      text += fmt::format("\n{:{}}", "", indent);
      column = indent;
    }
    const std::string_view gap = column > indent ? " " : "";
    text.append(gap).append(word);
    column += gap.size() + word.size();
  }
  return text + "\n";
}

}  // namespace

std::string HelpFormatter::make_usage(const CLI::App*, std::string name) const {
  return fmt::format("\nUsage: {} [OPTION]...\n\n", name);
}

std::string HelpFormatter::make_group(std::string group, bool isPositional,
                                      std::vector<const CLI::Option*> options) const {
  std::string text = group + ":\n";
  for (const CLI::Option* option : options) text += make_option(option, isPositional);
  return text;
}

std::string HelpFormatter::make_option(const CLI::Option* option, bool) const {
  std::string head = "  " + namesOf(*option);
  if (option->get_expected_max() != 0) head += " " + option->get_type_name();
  const bool fits = head.size() + 2 <= indent;
  return fmt::format("{:<{}}{}{}", head, fits ? indent : 0, fits ? "" : fmt::format("\n{:{}}", "", indent),
                     wrapped(option->get_description()));
}

}  // namespace taut::config
