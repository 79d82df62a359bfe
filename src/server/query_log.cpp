#include "taut/server/query_log.hpp"

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "taut/base/format.hpp"
#include "taut/base/log.hpp"
#include "taut/dns/name.hpp"
#include "taut/server/query_tail.hpp"
#include "taut/server/server_counters.hpp"

namespace taut {

struct QueryLog::Line {
  const MessageEnd& end;
  WallTime time;
};

namespace {

struct NamedFlag {
  std::uint16_t bit;
  std::string_view name;
};
constexpr std::array<NamedFlag, 7> namedFlags{{{flag::QR, "qr"},
                                               {flag::AA, "aa"},
                                               {flag::TC, "tc"},
                                               {flag::RD, "rd"},
                                               {flag::RA, "ra"},
                                               {flag::AD, "ad"},
                                               {flag::CD, "cd"}}};

std::int64_t microsecondsOf(const MessageEnd& end) {
  return std::chrono::duration_cast<std::chrono::microseconds>(end.duration).count();
}

// Octets of the reply, or how many messages there were in its place.
std::size_t sizeOf(const MessageEnd& end) {
  return end.messages > 0 && !end.rcode ? end.messages : end.size();
}

// Of the reply's header.
std::uint16_t flagsOf(const MessageEnd& end) {
  return loadU16(end.reply.data() + 2);
}

const Query* questionOf(const MessageEnd& end) {
  return end.query && end.query->hasQuestion() ? end.query : nullptr;
}

std::string_view protocolOf(Transport transport) {
  return transport == Transport::udp ? "udp" : "tcp";
}

// Names of flags, each between the two marks, with the separator in between.
void putFlags(fmt::memory_buffer& text, std::uint16_t flags, std::string_view mark, char separator) {
  bool first = true;
  for (const NamedFlag& named : namedFlags) {
    if ((flags & named.bit) == 0) continue;
    if (!first) text.push_back(separator);
    appendFormat(text, "{}{}{}", mark, named.name, mark);
    first = false;
  }
}

// A name in its text form has printable characters of ASCII alone.
void putEscaped(fmt::memory_buffer& text, std::string_view name) {
  for (const char character : name) {
    if (character == '"' || character == '\\') text.push_back('\\');
    text.push_back(character);
  }
}

void putText(fmt::memory_buffer& text, const MessageEnd& end) {
  appendFormat(text, "query client={} protocol={}", end.client, protocolOf(end.transport));
  if (const Query* const question = questionOf(end)) {
    appendFormat(text, " name={} type={}", question->name(), question->type());
    if (question->rrClass() != Class::IN) appendFormat(text, " class={}", question->rrClass());
  } else {
    appendFormat(text, " name=- type=-");
  }
  if (end.query && end.query->opcode() != Opcode::QUERY) appendFormat(text, " opcode={}", end.query->opcode());
  if (end.rcode) {
    appendFormat(text, " rcode={} flags=", *end.rcode);
    putFlags(text, flagsOf(end), "", ',');
  } else {
    appendFormat(text, " rcode=- flags=-");
  }
  appendFormat(text, " size={} us={}", sizeOf(end), microsecondsOf(end));
  if (!end.outcome.empty()) appendFormat(text, " outcome={}", end.outcome);
}

void putJson(fmt::memory_buffer& text, const MessageEnd& end, WallTime at) {
  const std::chrono::duration<double> time = at.time_since_epoch();
  appendFormat(text, R"({{"time":{:.3f},"client":"{}","protocol":"{}")", time.count(), end.client,
               protocolOf(end.transport));
  if (const Query* const question = questionOf(end)) {
    appendFormat(text, R"(,"name":")");
    putEscaped(text, question->name().toString());
    appendFormat(text, R"(","type":"{}","class":"{}")", question->type(), question->rrClass());
  }
  if (end.query) appendFormat(text, R"(,"opcode":"{}")", end.query->opcode());
  if (end.rcode) {
    appendFormat(text, R"(,"rcode":"{}","flags":[)", *end.rcode);
    putFlags(text, flagsOf(end), "\"", ',');
    text.push_back(']');
  }
  appendFormat(text, R"(,"size":{},"us":{})", sizeOf(end), microsecondsOf(end));
  if (!end.outcome.empty()) appendFormat(text, R"(,"outcome":"{}")", end.outcome);
  text.push_back('}');
}

template <typename Line>
void put(fmt::memory_buffer& text, const Line& line, QueryLogSettings::Format format) {
  if (format == QueryLogSettings::Format::json)
    putJson(text, line.end, line.time);
  else
    putText(text, line.end);
}

}  // namespace

void QueryLog::setSettings(const QueryLogSettings& settings) {
  settings_ = settings;
  passed_ = 0;
}

void QueryLog::addTail(std::shared_ptr<QueryTail> tail, std::size_t shard) {
  tails_.push_back({std::move(tail), shard});
}

void QueryLog::removeTail(const QueryTail& tail) {
  std::erase_if(tails_, [&tail](const Tail& other) { return other.reader.get() == &tail; });
}

void QueryLog::add(const MessageEnd& end, const Clock& clock) noexcept {
  const bool logged = logs(end.rcode ? *end.rcode != Rcode::NOERROR : end.outcome != MessageEnd::wroteMessages);
  if (logged || !tails_.empty()) tell({end, clock.wallTime()}, logged);
}

// By a counter, so that no random number is drawn for a query.
bool QueryLog::logs(bool isError) noexcept {
  const bool sampled = settings_.oneIn > 0 && ++passed_ >= settings_.oneIn;
  if (sampled) passed_ = 0;
  return sampled || (isError && settings_.errors);
}

void QueryLog::tell(const Line& line, bool logged) const noexcept {
  if (logged) write(line);
  for (const Tail& tail : tails_)
    if (lets(line, *tail.reader)) show(line, tail);
}

void QueryLog::write(const Line& line) const noexcept {
  try {
    fmt::memory_buffer text;
    put(text, line, settings_.format);
    const std::string_view written(text.data(), text.size());
    if (settings_.format == QueryLogSettings::Format::json)
      log::plain(written);
    else
      log::info("{}", written);
  } catch (...) {
    // There is no memory for the line.
  }
}

void QueryLog::show(const Line& line, const Tail& tail) noexcept {
  LineRing& ring = tail.reader->ring(tail.shard);
  if (ring.isFull()) return ring.drop();
  try {
    fmt::memory_buffer text;
    put(text, line, tail.reader->format());
    ring.add(fmt::to_string(text));
  } catch (...) {
    ring.drop();
  }
}

bool QueryLog::lets(const Line& line, const QueryTail& tail) noexcept {
  const QueryFilter& filter = tail.filter();
  const Query* const question = questionOf(line.end);
  if (filter.name && !(question && NameView(question->name()).isWithin(*filter.name))) return false;
  if (filter.type && !(question && question->type() == *filter.type)) return false;
  if (filter.clients && !filter.clients->allows(line.end.client)) return false;
  return !filter.rcode || line.end.rcode == filter.rcode;
}

}  // namespace taut
