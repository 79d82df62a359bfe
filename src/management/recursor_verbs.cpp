// The verbs of the control tool for a server that resolves names from the root down.
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "control_verbs.hpp"
#include "json_text.hpp"
#include "taut/base/counted.hpp"
#include "taut/base/text.hpp"
#include "taut/io/sleep.hpp"

namespace taut {

namespace {

constexpr std::chrono::milliseconds lookInterval{50};  // between two looks at what has come

ControlOutcome noRecursor() {
  return failure("the server does not resolve names itself; expected [recursion] or --recursor");
}

ControlOutcome notAName(const std::string& text) {
  return wrongUsage(fmt::format("'{}' is not a domain name", text));
}

double millisecondsOf(std::chrono::microseconds time) {
  return static_cast<double>(time.count()) / 1000;
}

std::string anchorsAs(const std::vector<ShownNegativeTrustAnchor>& anchors, bool json) {
  Json list = Json::array();
  std::string text;
  for (const ShownNegativeTrustAnchor& anchor : anchors) {
    Json entry;
    entry["name"] = anchor.name;
    if (anchor.left) entry["seconds"] = anchor.left->count();
    list.push_back(std::move(entry));
    text += anchor.left ? fmt::format("{} for {} s\n", anchor.name, anchor.left->count())
                        : fmt::format("{} as configured\n", anchor.name);
  }
  if (!json) return text.empty() ? "there is none\n" : text;
  Json object;
  object["negative_trust_anchors"] = std::move(list);
  return toLine(object);
}

std::string serversAs(const std::vector<ShownServer>& servers, bool json) {
  Json list = Json::array();
  std::string text;
  for (const ShownServer& server : servers) {
    Json entry;
    entry["shard"] = server.shard;
    entry["server"] = server.address;
    entry["round_trip_ms"] = millisecondsOf(server.roundTrip);
    entry["timeout_ms"] = millisecondsOf(server.timeout);
    entry["dead"] = server.dead;
    list.push_back(std::move(entry));
    text += fmt::format("{:<46} thread {:<3} round trip {:>8.1f} ms, time-out {:>8.1f} ms{}\n", server.address,
                        server.shard, millisecondsOf(server.roundTrip), millisecondsOf(server.timeout),
                        server.dead ? ", dead" : "");
  }
  if (!json) return text.empty() ? "no server has been asked\n" : text;
  Json object;
  object["servers"] = std::move(list);
  return toLine(object);
}

std::string stepAs(const TraceStep& step, bool json) {
  constexpr unsigned most = 20;  // that are shown indented
  if (!json)
    return fmt::format("{:>9.1f} ms  {:{}}{}\n", millisecondsOf(step.time), "", 2 * std::min(step.depth, most),
                       step.text);
  Json object;
  object["ms"] = millisecondsOf(step.time);
  object["depth"] = step.depth;
  object["step"] = step.text;
  return toLine(object);
}

std::string endAs(const TraceEnd& end, bool json) {
  if (!json)
    return fmt::format("{:>9.1f} ms  {}{}{}\n{}", millisecondsOf(end.time), end.rcode.empty() ? "no answer" : end.rcode,
                       end.authentic ? ", secure" : "", end.reason.empty() ? "" : ": " + end.reason, end.records);
  Json object;
  object["ms"] = millisecondsOf(end.time);
  object["rcode"] = end.rcode;
  object["secure"] = end.authentic;
  object["reason"] = end.reason;
  object["records"] = end.records;
  return toLine(object);
}

}  // namespace

Task<ControlOutcome> ControlVerbs::addNegativeTrustAnchor(const ControlRequest& request, ControlOutput& output,
                                                          StopToken stop) {
  const auto name = Name::parse(request.command.back());
  if (!name) co_return notAName(request.command.back());
  if (!server_.hasRecursor()) co_return noRecursor();
  const auto added = Posted<bool>::make(shard_);
  server_.addNegativeTrustAnchor(*name, request.duration, [added](bool done) { added->set(done); });
  const bool came = co_await added->wait(stop);
  if (!came) co_return cutShort();
  if (!added->value()) co_return failure("there are too many negative trust anchors");
  ControlOutcome outcome = co_await say(R"({"added":true})", request, output);
  co_return outcome;
}

Task<ControlOutcome> ControlVerbs::removeNegativeTrustAnchor(const ControlRequest& request, ControlOutput& output,
                                                             StopToken stop) {
  const auto name = Name::parse(request.command.back());
  if (!name) co_return notAName(request.command.back());
  if (!server_.hasRecursor()) co_return noRecursor();
  const auto removed = Posted<bool>::make(shard_);
  server_.removeNegativeTrustAnchor(*name, [removed](bool done) { removed->set(done); });
  const bool came = co_await removed->wait(stop);
  if (!came) co_return cutShort();
  if (!removed->value()) co_return failure(fmt::format("{} is no negative trust anchor", *name));
  ControlOutcome outcome = co_await say(R"({"removed":true})", request, output);
  co_return outcome;
}

Task<ControlOutcome> ControlVerbs::listNegativeTrustAnchors(const ControlRequest& request, ControlOutput& output,
                                                            StopToken stop) {
  if (!server_.hasRecursor()) co_return noRecursor();
  using Anchors = std::vector<ShownNegativeTrustAnchor>;
  const auto anchors = Posted<Anchors>::make(shard_);
  server_.listNegativeTrustAnchors([anchors](Anchors shown) { anchors->set(std::move(shown)); });
  const bool came = co_await anchors->wait(stop);
  if (!came) co_return cutShort();
  const std::string text = anchorsAs(anchors->value(), request.json);
  co_await output.write(text);
  co_return ControlOutcome();
}

Task<ControlOutcome> ControlVerbs::showServers(const ControlRequest& request, ControlOutput& output, StopToken stop) {
  if (!server_.hasRecursor()) co_return noRecursor();
  const auto servers = Posted<std::vector<ShownServer>>::make(shard_);
  server_.showServers([servers](std::vector<ShownServer> shown) { servers->set(std::move(shown)); });
  const bool came = co_await servers->wait(stop);
  if (!came) co_return cutShort();
  const std::string text = serversAs(servers->value(), request.json);
  co_await output.write(text);
  co_return ControlOutcome();
}

Task<ControlOutcome> ControlVerbs::flushServers(const ControlRequest& request, ControlOutput& output, StopToken stop) {
  if (!server_.hasRecursor()) co_return noRecursor();
  const auto count = Posted<std::size_t>::make(shard_);
  server_.flushServers([count](std::size_t flushed) { count->set(flushed); });
  const bool came = co_await count->wait(stop);
  if (!came) co_return cutShort();
  const std::string text = request.json ? fmt::format("{{\"flushed\":{}}}\n", count->value())
                                        : fmt::format("{} forgotten\n", counted(count->value(), "server"));
  co_await output.write(text);
  co_return ControlOutcome();
}

// The resolution goes on where the reader leaves: it has a deadline.
Task<ControlOutcome> ControlVerbs::trace(const ControlRequest& request, ControlOutput& output, StopToken stop) {
  const auto name = Name::parse(request.command.back());
  if (!name) co_return notAName(request.command.back());
  const auto type = request.type.empty() ? std::optional(Type::A) : typeFromText(request.type);
  if (!type) co_return wrongUsage(fmt::format("'{}' is not a type; expected one such as AAAA", request.type));
  if (!server_.hasRecursor()) co_return noRecursor();
  const std::shared_ptr<TraceSteps> steps = server_.trace(*name, *type);
  for (;;) {
    const TraceSteps::Taken taken = steps->take();
    std::string text;
    for (const TraceStep& step : taken.steps) text += stepAs(step, request.json);
    if (taken.end) text += endAs(*taken.end, request.json);
    bool wanted = true;
    if (!text.empty()) wanted = co_await output.write(text);
    if (!wanted || taken.end) co_return ControlOutcome();
    const bool goesOn = co_await sleepFor(shard_, lookInterval, stop);
    if (!goesOn) co_return cutShort();
  }
}

}  // namespace taut
