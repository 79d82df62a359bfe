#include "converter.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace taut::importer {

void Converter::setCount(std::optional<std::int64_t>& key, const Statement& statement,
                         std::optional<std::int64_t> value, const Range& range) {
  if (value && *value >= range.least && *value <= range.most)
    key = value;
  else
    unsupported(statement, fmt::format("expected a number from {} to {}", range.least, range.most));
}

void Converter::setText(std::optional<std::string>& key, const Statement& statement) {
  const std::string_view text = statement.value();
  if (text.size() <= maxText)
    key = text;
  else
    unsupported(statement, fmt::format("expected at most {} octets", maxText));
}

void Converter::setIdentity(const Statement& statement) {
  if (!statement.value().empty()) return setText(file_.identity, statement);
  file_.hide("id.server");
  file_.hide("hostname.bind");
}

void Converter::setRateLimit(std::optional<std::int64_t>& key, const Statement& statement, const Range& range) {
  const auto value = number(statement.value());
  if (!value || *value < range.least || *value > range.most) return setCount(key, statement, value, range);
  key = value;
  TautFile::noteOn(file_.rateLimit.notes, statement);
}

void Converter::setResponses(const Statement& statement, std::int64_t slip) {
  if (number(statement.value()) == 0) return;
  RateLimitTable& limit = file_.rateLimit;
  setCount(limit.responses, statement, responseRange);
  if (!limit.slip) limit.slip = slip;
  if (!limit.all) limit.all = 0;
}

std::optional<bool> Converter::flag(const Statement& statement) {
  const auto value = yesOrNo(statement.value());
  if (!value) unsupported(statement, "expected yes or no");
  return value;
}

void Converter::unsaid(std::string_view what, std::string_view remark) {
  file_.notes.push_back({nullptr, 0, std::string(what), std::string(remark)});
}

bool Converter::isServable(const std::optional<std::vector<std::string>>& networks) const {
  const auto isAllowed = [&](const std::string& network) {
    return std::ranges::find(*networks, network) != networks->end();
  };
  if (!networks || isAllowed("any")) return true;
  return file_.allowQuery && std::ranges::all_of(*file_.allowQuery, isAllowed);
}

void Converter::listenOn(const std::string& address, const Place& place) {
  if (std::ranges::find(file_.listen, address) != file_.listen.end()) return;
  if (file_.listen.size() >= maxListen)
    throw SyntaxError(place, fmt::format("more than {} addresses to listen on", maxListen));
  file_.listen.push_back(address);
}

TautFile Converter::finish() {
  if (std::ranges::is_permutation(file_.listen, std::vector<std::string>{"0.0.0.0", "::"})) file_.listen.clear();
  file_.finish();
  return std::move(file_);
}

}  // namespace taut::importer
