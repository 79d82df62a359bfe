// Helpers for the tests of RDATA: words out of a line, hexadecimal, and RDATA as a value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "taut/base/bytes.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/dns/rdata_text.hpp"

namespace taut {

// The words of one line, apart at blanks outside quotes. Holds its text, which the tokens point into.
class Words {
 public:
  explicit Words(std::string_view line) : line_(line) {
    for (std::size_t at = line_.find_first_not_of(' '); at < line_.size(); at = line_.find_first_not_of(' ', at)) {
      const bool quoted = line_[at] == '"';
      const std::size_t start = quoted ? at + 1 : at;
      bool inQuotes = quoted;
      for (at = start; at < line_.size() && (inQuotes ? !quoted || line_[at] != '"' : line_[at] != ' '); ++at) {
        if (line_[at] == '\\')
          ++at;
        else if (line_[at] == '"')
          inQuotes = !inQuotes;
      }
      tokens_.push_back({std::string_view(line_).substr(start, at - start), 1, 1, quoted});
      if (quoted) ++at;
    }
  }
  Words(const Words&) = delete;
  Words& operator=(const Words&) = delete;

  std::span<const Token> tokens() const { return tokens_; }

 private:
  std::string line_;
  std::vector<Token> tokens_;
};

inline std::vector<std::uint8_t> fromHex(std::string_view hex) {
  std::vector<std::uint8_t> octets;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    octets.push_back(static_cast<std::uint8_t>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  return octets;
}

inline std::string toHex(ByteSpan octets) {
  std::string hex;
  for (const std::uint8_t octet : octets) hex += fmt::format("{:02x}", octet);
  return hex;
}

struct ParsedRdata {
  std::optional<TextError> error;
  std::vector<std::uint8_t> octets;
};

inline ParsedRdata parse(Type type, std::string_view text, std::string_view origin = ".", Class rrClass = Class::IN) {
  const Words words(text);
  const Name completed{origin};
  ParsedRdata parsed;
  parsed.octets.resize(maxRdataSize + 1000);
  ByteWriter writer{MutableByteSpan(parsed.octets)};
  parsed.error = parseRdata(type, rrClass, words.tokens(), completed, writer);
  parsed.octets.resize(writer.size());
  parsed.octets.shrink_to_fit();
  return parsed;
}

// The wire form in hexadecimal, or what is wrong.
inline std::string wireOf(Type type, std::string_view text, std::string_view origin = ".") {
  const ParsedRdata parsed = parse(type, text, origin);
  return parsed.error ? fmt::format("word {}: {}", parsed.error->token, parsed.error->message) : toHex(parsed.octets);
}

inline std::string textOf(Type type, ByteSpan rdata) {
  fmt::memory_buffer buffer;
  printRdata(type, rdata, buffer);
  return fmt::to_string(buffer);
}

}  // namespace taut
