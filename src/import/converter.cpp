#include "converter.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace taut::importer {

namespace {

// Statements of all servers by their keywords, and where taut has something like them.
struct Likeness {
  std::string_view keyword, remark;
};

constexpr Likeness likenesses[] = {
    {"control", "see server.control and tautctl(8)"},
    {"controls", "see server.control and tautctl(8)"},
    {"cookie-secret", "see server.cookies.secrets-file"},
    {"dnstap", "see [dnstap]"},
    {"dnstap-output", "see dnstap.socket"},
    {"errors", "failures are logged; see log.queries.errors"},
    {"health", "see [http]"},
    {"log", "see [log]"},
    {"log-replies", "see [log]"},
    {"log-servfail", "see log.queries.errors"},
    {"logging", "see [log]"},
    {"mod-dnstap", "see [dnstap]"},
    {"mod-stats", "see [http]"},
    {"prometheus", "see [http]"},
    {"ready", "see [http]"},
    {"remote-control", "see server.control and tautctl(8)"},
    {"statistics", "see [http]"},
    {"statistics-channels", "see [http]"},
};

}  // namespace

std::string_view Converter::like(std::string_view keyword) {
  const auto* const found = std::ranges::find(likenesses, keyword, &Likeness::keyword);
  return found != std::end(likenesses) ? found->remark : std::string_view();
}

void Converter::unknown(const Statement& statement) {
  unsupported(statement, statement.remark.empty() ? like(statement.keyword()) : std::string_view());
}

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
