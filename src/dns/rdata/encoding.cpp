#include "encoding.hpp"

#include <algorithm>

namespace taut {

namespace {

constexpr std::string_view base64Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view base32Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUV";
constexpr std::string_view hexAlphabet = "0123456789ABCDEF";

constexpr std::uint8_t invalid = 0xff;

using DecodeTable = std::array<std::uint8_t, 256>;

constexpr DecodeTable decodeTable(std::string_view alphabet, bool anyCase) {
  DecodeTable table{};
  for (std::uint8_t& value : table) value = invalid;
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    const auto c = static_cast<std::uint8_t>(alphabet[i]);
    table[c] = static_cast<std::uint8_t>(i);
    if (anyCase && c >= 'A' && c <= 'Z') table[c + 0x20u] = static_cast<std::uint8_t>(i);
  }
  return table;
}

constexpr DecodeTable base64Values = decodeTable(base64Alphabet, false);
constexpr DecodeTable base32Values = decodeTable(base32Alphabet, true);
constexpr DecodeTable hexValues = decodeTable(hexAlphabet, true);

std::uint8_t valueOf(const DecodeTable& table, char c) {
  return table[static_cast<std::uint8_t>(c)];
}

// Octets collected for a writer, so that one check for room serves many octets.
class Chunk {
 public:
  explicit Chunk(ByteWriter& out) : out_(out) {}
  ~Chunk() { flush(); }
  Chunk(const Chunk&) = delete;
  Chunk& operator=(const Chunk&) = delete;

  void put(std::uint32_t octet) {
    if (size_ == octets_.size()) flush();
    octets_[size_++] = static_cast<std::uint8_t>(octet);
  }
  void putGroup(std::uint32_t group) {
    if (size_ + 3 > octets_.size()) flush();
    octets_[size_] = static_cast<std::uint8_t>(group >> 16);
    octets_[size_ + 1] = static_cast<std::uint8_t>(group >> 8);
    octets_[size_ + 2] = static_cast<std::uint8_t>(group);
    size_ += 3;
  }
  void flush() {
    out_.bytes(ByteSpan(octets_).first(size_));
    size_ = 0;
  }

 private:
  ByteWriter& out_;
  std::array<std::uint8_t, 384> octets_;
  std::size_t size_ = 0;
};

}  // namespace

bool HexDecoder::feed(std::string_view word, ByteWriter& out) {
  Chunk chunk(out);
  std::size_t at = 0;
  if (high_ >= 0 && !word.empty()) {
    const std::uint8_t low = valueOf(hexValues, word[at++]);
    if (low == invalid) return false;
    chunk.put(static_cast<std::uint32_t>(high_) << 4 | low);
    high_ = -1;
  }
  for (; at + 2 <= word.size(); at += 2) {
    const std::uint8_t high = valueOf(hexValues, word[at]);
    const std::uint8_t low = valueOf(hexValues, word[at + 1]);
    if ((high | low) >= 16) return false;
    chunk.put(static_cast<std::uint32_t>(high << 4 | low));
  }
  if (at == word.size()) return true;
  const std::uint8_t high = valueOf(hexValues, word[at]);
  high_ = high;
  return high != invalid;
}

// The bits that padding leaves unused must be zero (RFC 4648 section 3.5).
bool Base64Decoder::closeGroup(ByteWriter& out) {
  const int octets = 3 - padding_;
  if (padding_ > 0 && (group_ & ((1u << (8 * padding_)) - 1)) != 0) return false;
  for (int i = 0; i < octets; ++i) out.u8(static_cast<std::uint8_t>(group_ >> (16 - 8 * i)));
  ended_ = padding_ > 0;
  group_ = 0;
  count_ = 0;
  return true;
}

bool Base64Decoder::feed(std::string_view word, ByteWriter& out) {
  std::size_t at = 0;
  while (at < word.size()) {
    if (ended_) return false;
    if (count_ == 0) {
      Chunk chunk(out);
      for (; at + 4 <= word.size(); at += 4) {
        const std::uint32_t a = valueOf(base64Values, word[at]);
        const std::uint32_t b = valueOf(base64Values, word[at + 1]);
        const std::uint32_t c = valueOf(base64Values, word[at + 2]);
        const std::uint32_t d = valueOf(base64Values, word[at + 3]);
        if ((a | b | c | d) >= 64) break;
        chunk.putGroup(a << 18 | b << 12 | c << 6 | d);
      }
      if (at == word.size()) return true;
    }
    const char c = word[at++];
    const std::uint8_t value = valueOf(base64Values, c);
    if (c == '=' && count_ >= 2)
      ++padding_;
    else if (value == invalid || padding_ > 0)
      return false;
    group_ = group_ << 6 | (c == '=' ? 0u : value);
    if (++count_ == 4 && !closeGroup(out)) return false;
  }
  return true;
}

bool decodeBase32Hex(std::string_view word, ByteWriter& out) {
  std::uint32_t bits = 0;
  int bitCount = 0;
  Chunk chunk(out);
  for (const char c : word) {
    const std::uint8_t value = valueOf(base32Values, c);
    if (value == invalid) return false;
    bits = bits << 5 | value;
    bitCount += 5;
    if (bitCount < 8) continue;
    bitCount -= 8;
    chunk.put(bits >> bitCount);
    bits &= (1u << bitCount) - 1;
  }
  return !word.empty() && bitCount < 5 && bits == 0;
}

void appendHex(ByteSpan octets, fmt::memory_buffer& out) {
  for (const std::uint8_t octet : octets) {
    out.push_back(hexAlphabet[octet >> 4]);
    out.push_back(hexAlphabet[octet & 0x0f]);
  }
}

void appendBase64(ByteSpan octets, fmt::memory_buffer& out) {
  for (std::size_t at = 0; at < octets.size(); at += 3) {
    const std::size_t count = std::min<std::size_t>(3, octets.size() - at);
    std::uint32_t group = static_cast<std::uint32_t>(octets[at]) << 16;
    if (count > 1) group |= static_cast<std::uint32_t>(octets[at + 1]) << 8;
    if (count > 2) group |= octets[at + 2];
    out.push_back(base64Alphabet[group >> 18]);
    out.push_back(base64Alphabet[group >> 12 & 63]);
    out.push_back(count > 1 ? base64Alphabet[group >> 6 & 63] : '=');
    out.push_back(count > 2 ? base64Alphabet[group & 63] : '=');
  }
}

void appendBase32Hex(ByteSpan octets, fmt::memory_buffer& out) {
  std::uint32_t bits = 0;
  int bitCount = 0;
  for (const std::uint8_t octet : octets) {
    bits = bits << 8 | octet;
    bitCount += 8;
    while (bitCount >= 5) {
      bitCount -= 5;
      out.push_back(base32Alphabet[bits >> bitCount & 31]);
    }
    bits &= (1u << bitCount) - 1;
  }
  if (bitCount > 0) out.push_back(base32Alphabet[bits << (5 - bitCount) & 31]);
}

}  // namespace taut
