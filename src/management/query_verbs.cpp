// The verbs of the control tool that show queries, and have them logged.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "control_verbs.hpp"
#include "json_text.hpp"
#include "taut/base/result.hpp"
#include "taut/base/text.hpp"
#include "taut/io/sleep.hpp"

namespace taut {

namespace {

constexpr std::chrono::milliseconds tailInterval{100};  // between two looks at what has come
constexpr std::chrono::seconds silence{1};              // after which the reader is asked whether it is still there
constexpr std::size_t tailPieceSize = 256 << 10;        // octets that are sent together, about

std::optional<Rcode> rcodeOf(std::string_view text) {
  for (std::uint16_t value = 0; value <= static_cast<std::uint16_t>(Rcode::BADCOOKIE); ++value)
    if (equalIgnoringCase(text, toString(static_cast<Rcode>(value)))) return static_cast<Rcode>(value);
  return std::nullopt;
}

// The filter, or what is wrong with it.
Result<QueryFilter, std::string> filterOf(const ControlRequest& request) {
  QueryFilter filter;
  if (request.command.size() > 1) {
    filter.name = Name::parse(request.command.back());
    if (!filter.name) return Failure(fmt::format("'{}' is not a domain name", request.command.back()));
  }
  if (!request.type.empty()) {
    filter.type = typeFromText(request.type);
    if (!filter.type) return Failure(fmt::format("'{}' is not a type; expected one such as AAAA", request.type));
  }
  if (!request.rcode.empty()) {
    filter.rcode = rcodeOf(request.rcode);
    if (!filter.rcode)
      return Failure(fmt::format("'{}' is not an RCODE; expected one such as NXDOMAIN", request.rcode));
  }
  if (request.client.empty()) return filter;
  try {
    filter.clients.emplace(AddressPolicy::Action::refuse).allow(request.client);
  } catch (const std::invalid_argument& error) {
    return Failure(std::string(error.what()));
  }
  return filter;
}

// Queries are shown as long as it lives.
class Tailing {
 public:
  Tailing(ManagedServer& server, QueryFilter filter, QueryLogSettings::Format format)
      : server_(server), tail_(server.startTail(std::move(filter), format)) {}
  Tailing(const Tailing&) = delete;
  Tailing& operator=(const Tailing&) = delete;
  ~Tailing() {
    try {
      if (tail_) server_.endTail(tail_);
    } catch (const std::exception&) {
      // There is no memory to say so: its rings fill up, and cost a look at the filter.
    }
  }

  const std::shared_ptr<QueryTail>& tail() const { return tail_; }

 private:
  ManagedServer& server_;
  std::shared_ptr<QueryTail> tail_;  // null where the server is still starting
};

// Takes what waits in the rings, a piece at a time.
class Lines {
 public:
  explicit Lines(QueryTail& tail) : tail_(tail) {}

  // The next lines, with what was dropped before them; empty where none waits.
  std::string next() {
    more_ = false;
    std::string text = takeDropped();
    for (std::size_t shard = 0; shard < tail_.shards(); ++shard) more_ |= takeFrom(tail_.ring(shard), text);
    return text;
  }
  // Whether `next` has left something.
  bool more() const { return more_; }

 private:
  // No shard has more than its part of a piece, so that each has its turn.
  bool takeFrom(LineRing& ring, std::string& text) const {
    const std::size_t end = text.size() + tailPieceSize / tail_.shards();
    while (text.size() < end) {
      const auto line = ring.take();
      if (!line) return false;
      text.append(*line).push_back('\n');
    }
    return true;
  }

  std::string takeDropped() {
    const std::uint64_t count = tail_.dropped() - told_;
    if (count == 0) return {};
    told_ += count;
    if (tail_.format() == QueryLogSettings::Format::json) return fmt::format("{{\"dropped\":{}}}\n", count);
    return fmt::format("# {} not shown: they came faster than they were read\n",
                       count == 1 ? "1 query is" : fmt::format("{} queries are", count));
  }

  QueryTail& tail_;
  std::uint64_t told_ = 0;  // so many dropped ones
  bool more_ = false;
};

std::optional<QueryLogSwitch> switchOf(std::string_view word) {
  constexpr std::array<std::pair<std::string_view, QueryLogSwitch>, 3> words{
      {{"configured", QueryLogSwitch::configured}, {"on", QueryLogSwitch::on}, {"off", QueryLogSwitch::off}}};
  const auto* const found = std::ranges::find(words, word, &std::pair<std::string_view, QueryLogSwitch>::first);
  if (found == words.end()) return std::nullopt;
  return found->second;
}

}  // namespace

Task<ControlOutcome> ControlVerbs::tail(const ControlRequest& request, ControlOutput& output, StopToken stop) {
  auto filter = filterOf(request);
  if (!filter) co_return wrongUsage(filter.error());
  const auto place = tails_.tryAcquire();
  if (!place) co_return failure("too many watch the queries; try again when one of them has ended");
  const auto format = request.json ? QueryLogSettings::Format::json : QueryLogSettings::Format::text;
  const Tailing tailing(server_, std::move(filter).value(), format);
  if (!tailing.tail()) co_return tooEarly();
  Lines lines(*tailing.tail());
  TimePoint sent = shard_.now();
  for (;;) {
    const std::string text = lines.next();
    bool wanted = true;
    if (!text.empty()) {
      wanted = co_await output.write(text);
      sent = shard_.now();
    } else if (shard_.now() >= sent + silence) {
      wanted = co_await output.isWanted();
      sent = shard_.now();
    }
    if (!wanted) co_return ControlOutcome();
    if (lines.more()) continue;
    const bool goesOn = co_await sleepFor(shard_, tailInterval, stop);
    if (!goesOn) co_return cutShort();
  }
}

Task<ControlOutcome> ControlVerbs::switchQueryLog(const ControlRequest& request, ControlOutput& output, StopToken) {
  const std::string& word = request.command.back();
  const auto to = switchOf(word);
  if (!to) co_return wrongUsage("expected on, off or configured");
  if (request.duration && *to == QueryLogSwitch::configured) co_return wrongUsage("--for goes with on and off");
  if (!server_.switchQueryLog(*to)) co_return tooEarly();
  restoreQueryLog_.reset();
  if (request.duration) restoreQueryLog_ = shard_.now() + *request.duration;
  if (!request.json) co_return ControlOutcome();
  Json json;
  json["queries"] = word;
  if (request.duration) json["seconds"] = request.duration->count();
  const std::string text = toLine(json);
  co_await output.write(text);
  co_return ControlOutcome();
}

}  // namespace taut
