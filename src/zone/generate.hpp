// $GENERATE as BIND's Administrator Reference Manual documents it: a range, and text in which `$` stands for the
// counter.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace taut::detail {

struct GenerateRange {
  std::uint32_t start = 0;
  std::uint32_t stop = 0;
  std::uint32_t step = 1;

  std::uint64_t count() const { return (std::uint64_t{stop} - start) / step + 1; }
};

// "start-stop" or "start-stop/step", with start <= stop and step >= 1.
std::optional<GenerateRange> parseGenerateRange(std::string_view text);

// Replaces each `$`, `${offset}`, `${offset,width}` and `${offset,width,base}` of `pattern` by the counter. `$$` stands
// for a dollar sign, and what a backslash escapes is left alone. Where a modifier is wrong the result is nothing, and
// `error` says why.
std::optional<std::string> expandGenerate(std::string_view pattern, std::uint32_t counter, std::string& error);

}  // namespace taut::detail
