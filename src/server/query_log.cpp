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
  const Address& client;
  Transport transport;
  const Query* query = nullptr;  // null where there is none in the message
  std::optional<Rcode> rcode{};
  std::uint16_t flags = 0;
  std::size_t size = 0;
  std::string_view outcome{};
  std::int64_t microseconds = 0;
  WallTime time{};
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

std::int64_t microsecondsSince(TimePoint begin, const Clock& clock) {
  return std::chrono::duration_cast<std::chrono::microseconds>(clock.now() - begin).count();
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

template <typename Line>
void putText(fmt::memory_buffer& text, const Line& line) {
  appendFormat(text, "query client={} protocol={}", line.client, protocolOf(line.transport));
  if (line.query && line.query->hasQuestion()) {
    appendFormat(text, " name={} type={}", line.query->name(), line.query->type());
    if (line.query->rrClass() != Class::IN) appendFormat(text, " class={}", line.query->rrClass());
  } else {
    appendFormat(text, " name=- type=-");
  }
  if (line.query && line.query->opcode() != Opcode::QUERY) appendFormat(text, " opcode={}", line.query->opcode());
  if (line.rcode) {
    appendFormat(text, " rcode={} flags=", *line.rcode);
    putFlags(text, line.flags, "", ',');
  } else {
    appendFormat(text, " rcode=- flags=-");
  }
  appendFormat(text, " size={} us={}", line.size, line.microseconds);
  if (!line.outcome.empty()) appendFormat(text, " outcome={}", line.outcome);
}

template <typename Line>
void putJson(fmt::memory_buffer& text, const Line& line) {
  const std::chrono::duration<double> time = line.time.time_since_epoch();
  appendFormat(text, R"({{"time":{:.3f},"client":"{}","protocol":"{}")", time.count(), line.client,
               protocolOf(line.transport));
  if (line.query && line.query->hasQuestion()) {
    appendFormat(text, R"(,"name":")");
    putEscaped(text, line.query->name().toString());
    appendFormat(text, R"(","type":"{}","class":"{}")", line.query->type(), line.query->rrClass());
  }
  if (line.query) appendFormat(text, R"(,"opcode":"{}")", line.query->opcode());
  if (line.rcode) {
    appendFormat(text, R"(,"rcode":"{}","flags":[)", *line.rcode);
    putFlags(text, line.flags, "\"", ',');
    text.push_back(']');
  }
  appendFormat(text, R"(,"size":{},"us":{})", line.size, line.microseconds);
  if (!line.outcome.empty()) appendFormat(text, R"(,"outcome":"{}")", line.outcome);
  text.push_back('}');
}

template <typename Line>
void put(fmt::memory_buffer& text, const Line& line, QueryLogSettings::Format format) {
  if (format == QueryLogSettings::Format::json)
    putJson(text, line);
  else
    putText(text, line);
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

void QueryLog::replied(const Query& query, Rcode rcode, ByteSpan message, std::string_view outcome,
                       const Clock& clock) noexcept {
  if (message.size() < messageHeaderSize) return;
  const bool logged = logs(rcode != Rcode::NOERROR);
  if (!logged && tails_.empty()) return;
  Line line{query.peer(), query.transport(), &query};
  line.flags = loadU16(message.data() + 2);
  // A client without EDNS gets no RCODE beyond 15.
  line.rcode = query.edns() ? rcode : static_cast<Rcode>(line.flags & flag::rcodeMask);
  line.size = message.size();
  line.outcome = outcome;
  line.microseconds = microsecondsSince(query.received(), clock);
  line.time = clock.wallTime();
  tell(line, logged);
}

void QueryLog::unanswered(const Query& query, std::string_view outcome, const Clock& clock) noexcept {
  const bool logged = logs(true);
  if (!logged && tails_.empty()) return;
  Line line{query.peer(), query.transport(), &query};
  line.outcome = outcome;
  line.microseconds = microsecondsSince(query.received(), clock);
  line.time = clock.wallTime();
  tell(line, logged);
}

void QueryLog::wroteMessages(const Query& query, std::size_t count, const Clock& clock) noexcept {
  const bool logged = logs(false);
  if (!logged && tails_.empty()) return;
  Line line{query.peer(), query.transport(), &query};
  line.size = count;
  line.outcome = "messages";
  line.microseconds = microsecondsSince(query.received(), clock);
  line.time = clock.wallTime();
  tell(line, logged);
}

void QueryLog::ignored(const Address& client, Transport transport, DropReason reason, const Clock& clock) noexcept {
  const bool logged = logs(true);
  if (!logged && tails_.empty()) return;
  Line line{client, transport};
  line.outcome = dropReasonWords[static_cast<std::size_t>(reason)];
  line.time = clock.wallTime();
  tell(line, logged);
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
  const Query* const question = line.query && line.query->hasQuestion() ? line.query : nullptr;
  if (filter.name && !(question && NameView(question->name()).isWithin(*filter.name))) return false;
  if (filter.type && !(question && question->type() == *filter.type)) return false;
  if (filter.clients && !filter.clients->allows(line.client)) return false;
  return !filter.rcode || line.rcode == filter.rcode;
}

}  // namespace taut
