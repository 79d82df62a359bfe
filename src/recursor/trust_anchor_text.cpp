// The state of trust anchors as a file: comments, which begin with ";", and lines of words.
//
//   ZONE next TIME
//   ZONE pending|valid|missing|revoked|removed TIME FLAGS PROTOCOL ALGORITHM KEY
//
// Times are seconds since 1970.
#include <array>
#include <memory>
#include <span>

#include <fmt/format.h>

#include "taut/base/input_file.hpp"
#include "taut/base/parse_number.hpp"
#include "taut/base/replacement_file.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/dns/rdata_text.hpp"
#include "taut/dns/token.hpp"
#include "taut/dns/type.hpp"
#include "taut/dnssec/dnskey.hpp"
#include "taut/recursor/trust_anchor_state.hpp"

namespace taut {

namespace {

using KeyState = TrustAnchorState::KeyState;
using Seconds = TrustAnchorState::Seconds;

constexpr std::uint64_t maxFileSize = 1 << 20;  // octets
constexpr std::size_t maxMessages = 10;
constexpr std::int64_t maxTime = 253'402'300'799;  // the last second of the year 9999

constexpr std::array keyStates{KeyState::pending, KeyState::valid, KeyState::missing, KeyState::revoked,
                               KeyState::removed};

constexpr std::string_view heading =
    "; Trust anchors as they have followed their zones (RFC 5011), written by the resolver: ZONE STATE TIME DNSKEY.\n";

std::vector<Token> wordsOf(std::string_view line, std::uint32_t number) {
  std::vector<Token> words;
  constexpr std::string_view blanks = " \t\r";
  for (std::size_t at = 0; (at = line.find_first_not_of(blanks, at)) != line.npos && line[at] != ';';) {
    const std::size_t end = std::min(line.find_first_of(blanks, at), line.size());
    Token word;
    word.text = line.substr(at, end - at);
    word.line = number;
    word.column = static_cast<std::uint32_t>(at + 1);
    words.push_back(word);
    at = end;
  }
  return words;
}

std::optional<Seconds> timeOf(std::string_view text) {
  const auto value = parseNumber<std::int64_t>(text);
  if (!value || *value < 0 || *value > maxTime) return std::nullopt;
  return Seconds(std::chrono::seconds(*value));
}

std::optional<KeyState> stateOf(std::string_view text) {
  for (const KeyState state : keyStates)
    if (nameOf(state) == text) return state;
  return std::nullopt;
}

}  // namespace

class TrustAnchorState::Reader {
 public:
  Reader(const TrustAnchors& configured, const std::string& name)
      : configured_(configured), file_(std::make_shared<const std::string>(name)) {}

  void read(std::string_view text) {
    for (std::uint32_t number = 1; !text.empty() && messages_.size() < maxMessages; ++number) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      const std::vector<Token> words = wordsOf(text.substr(0, end), number);
      if (!words.empty()) readLine(words);
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  }

  Points takePoints() { return std::move(points_); }
  std::vector<Diagnostic> takeMessages() { return std::move(messages_); }

 private:
  using Words = std::span<const Token>;

  void readLine(Words words) {
    const auto zone = Name::parse(words[0].text);
    if (!zone) return fail(words[0], "not a domain name, expected the zone of a trust anchor");
    if (words.size() < 3) return failBehind(words, "expected ZONE, STATE and TIME");
    const auto state = stateOf(words[1].text);
    const bool isNext = words[1].text == "next";
    if (!state && !isNext)
      return fail(words[1], "not a state, expected next, pending, valid, missing, revoked or removed");
    const auto time = timeOf(words[2].text);
    if (!time) return fail(words[2], "not a time, expected seconds since 1970");
    if (isNext && words.size() > 3) return fail(words[3], "more words than 'next' takes, expected the end of the line");
    Key key;
    if (state && !readKey(words, key.rdata)) return;
    if (!configured_.find(*zone)) return;
    Point& point = points_[*zone];
    if (isNext) {
      point.due = *time;
      return;
    }
    if (TrustAnchorState::find(point, key.rdata))
      return fail(words[3], "the same key as in a line before, expected one line for each");
    if (point.keys.size() == maxKeys) return fail(words[0], fmt::format("more than {} keys of {}", maxKeys, *zone));
    key.state = *state;
    key.time = *time;
    point.keys.push_back(std::move(key));
  }

  bool readKey(Words words, std::vector<std::uint8_t>& rdata) {
    const Words texts = words.subspan(3);
    rdata_.resize(maxRdataSize);
    ByteWriter out(rdata_);
    if (const auto problem = parseRdata(Type::DNSKEY, Class::IN, texts, {}, out)) {
      if (problem->token < texts.size())
        fail(texts[problem->token], problem->message);
      else
        failBehind(words, problem->message);
      return false;
    }
    const auto key = DnskeyView::parse(out.written());
    if (!key || !key->isZoneKey() || key->isRevoked()) {
      fail(texts[0], "not the key of a zone, expected flags 257 or 256, protocol 3, and a key");
      return false;
    }
    rdata.assign(out.written().begin(), out.written().end());
    return true;
  }

  void failBehind(Words words, std::string message) {
    Token behind = words.back();
    behind.column += static_cast<std::uint32_t>(behind.text.size());
    fail(behind, std::move(message));
  }
  void fail(const Token& at, std::string message) {
    Diagnostic diagnostic;
    diagnostic.file = file_;
    diagnostic.line = at.line;
    diagnostic.column = at.column;
    diagnostic.message = std::move(message);
    messages_.push_back(std::move(diagnostic));
  }

  const TrustAnchors& configured_;
  std::shared_ptr<const std::string> file_;
  std::vector<std::uint8_t> rdata_;
  Points points_;
  std::vector<Diagnostic> messages_;
};

std::string TrustAnchorState::toText() const {
  std::string text(heading);
  for (const auto& [zone, point] : points_) {
    text += fmt::format("{} next {}\n", zone, point.due.time_since_epoch().count());
    for (const Key& key : point.keys) {
      fmt::memory_buffer rdata;
      printRdata(Type::DNSKEY, key.rdata, rdata);
      text += fmt::format("{} {} {} {}\n", zone, nameOf(key.state), key.time.time_since_epoch().count(),
                          std::string_view(rdata.data(), rdata.size()));
    }
  }
  return text;
}

std::vector<Diagnostic> TrustAnchorState::parse(std::string_view text, const std::string& name) {
  Reader reader(configured_, name);
  reader.read(text);
  std::vector<Diagnostic> messages = reader.takeMessages();
  if (!messages.empty()) return messages;
  Points found = reader.takePoints();
  for (auto& [zone, point] : points_) {
    const auto known = found.find(zone);
    point = known == found.end() ? Point() : std::move(known->second);
  }
  return messages;
}

std::vector<Diagnostic> TrustAnchorState::read(const std::string& path) {
  if (fileVersion(path) == FileVersion()) return {};
  try {
    return parse(InputFile(path, maxFileSize).readAll(), path);
  } catch (const FileError& error) {
    Diagnostic diagnostic;
    diagnostic.file = std::make_shared<const std::string>(path);
    diagnostic.message = fmt::format("cannot read the file: {}", error.what());
    return {std::move(diagnostic)};
  }
}

Result<void, std::string> TrustAnchorState::write(const std::string& path) const {
  ReplacementFile file(path);
  file.write(toText());
  const auto written = file.takePlace();
  if (!written.ok()) return Failure(fmt::format("{}: {}", path, written.error()));
  return {};
}

}  // namespace taut
