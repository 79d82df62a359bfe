// Master-file text to wire form: one reader for each kind of field, driven by the rows of the types.

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <string_view>
#include <utility>

#include "encoding.hpp"
#include "loc.hpp"
#include "rdata_walk.hpp"
#include "rdata_words.hpp"
#include "svcb.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/dns/ttl.hpp"

namespace taut {

namespace {

constexpr std::size_t bitmapSize = 32;  // octets of one window of types

class RdataReader {
 public:
  RdataReader(std::span<const Token> tokens, NameView origin, ByteWriter& out)
      : tokens_(tokens), origin_(origin), out_(out), start_(out.size()) {}

  bool generic(Type type, bool checked);
  bool all(const RdataLayout& layout);
  bool missing(std::string_view expected);
  TextError takeError() { return std::move(error_); }

 private:
  bool step(FieldKind kind);

  bool more() const { return at_ < tokens_.size(); }
  std::string_view text() const { return tokens_[at_].text; }
  bool failAt(std::size_t token, std::string message);
  bool wrong(std::string_view expected);
  bool word(std::string_view expected);  // there is one, and it is not quoted
  bool finish(Type type, bool checked);

  bool number(std::uint64_t maximum, std::uint64_t& value);
  bool number(FieldKind kind);
  bool named(FieldKind kind, std::uint64_t maximum, std::uint64_t& value);
  bool put(std::size_t octets, std::uint64_t value);
  bool duration();
  bool time();
  bool type();
  bool keyFlags();
  bool relayType();
  template <class Read>
  bool fixed(std::size_t size, std::string_view expected, Read read);

  bool name();
  bool names();
  bool characterString(bool (*accepts)(ByteSpan), std::string_view expected);
  bool characterStrings();
  bool textToEnd();

  bool hex(std::string_view expected);
  bool base64(bool optional);
  bool salt();
  bool hash();
  bool sizedBase64();

  bool typeBitmap(bool optional);
  bool wideTypeBitmap(std::size_t first);
  bool readType(std::uint16_t& value);
  bool nxtBitmap();
  bool gateway(std::uint8_t gatewayType);
  bool hostIdentity();
  bool addressPrefixes();
  bool addressPrefix();
  bool services();
  bool nsap();
  bool atma();
  bool addressSuffix();
  bool location();
  bool svcParams();

  std::span<const Token> tokens_;
  std::size_t at_ = 0;
  std::size_t fieldAt_ = 0;  // first word of the field that is read, or was last
  NameView origin_;
  ByteWriter& out_;
  std::size_t start_;
  TextError error_;
};

bool RdataReader::failAt(std::size_t token, std::string message) {
  error_.token = token;
  error_.message = std::move(message);
  return false;
}

bool RdataReader::missing(std::string_view expected) {
  if (more()) return wrong(expected);
  return failAt(tokens_.size(), fmt::format("missing data: expected {}", expected));
}

bool RdataReader::wrong(std::string_view expected) {
  constexpr std::size_t shown = 40;
  const std::string_view ellipsis = text().size() > shown ? "..." : "";
  return failAt(at_, fmt::format("'{}{}': expected {}", text().substr(0, shown), ellipsis, expected));
}

bool RdataReader::word(std::string_view expected) {
  if (!more()) return missing(expected);
  return !tokens_[at_].quoted || failAt(at_, fmt::format("a quoted string: expected {}", expected));
}

bool RdataReader::finish(Type type, bool checked) {
  if (more()) return failAt(at_, fmt::format("'{}': expected nothing more, the data of {} is complete", text(), type));
  const std::size_t size = out_.size() - start_;
  if (!out_.ok() || size > maxRdataSize) return failAt(0, fmt::format("the data of {} has over 65535 octets", type));
  if (!checked) return true;
  // Each field before one at fault is one word.
  const Contradiction wrong = contradiction(type, out_.written().subspan(start_));
  return !wrong || failAt(std::min(wrong.field, tokens_.size()), wrong.problem);
}

bool RdataReader::all(const RdataLayout& layout) {
  for (const FieldKind kind : layout) {
    fieldAt_ = at_;
    if (!step(kind)) return false;
  }
  return finish(layout.type, true);
}

// RFC 3597 section 5; the first word was seen to be \#.
bool RdataReader::generic(Type type, bool checked) {
  constexpr std::string_view expectedSize = "the number of octets, 0 to 65535";
  std::uint64_t size = 0;
  ++at_;
  if (!word(expectedSize)) return false;
  if (const auto value = readDecimal(text(), maxRdataSize))
    size = *value;
  else
    return wrong(expectedSize);
  const std::size_t sizeAt = at_++;
  fieldAt_ = at_;
  HexDecoder decoder;
  for (; more(); ++at_) {
    if (!word("hexadecimal")) return false;
    if (!decoder.feed(text(), out_)) return wrong("hexadecimal");
  }
  if (!decoder.finish())
    return failAt(tokens_.size() - 1, "an odd number of hexadecimal digits: expected whole octets");
  if (!finish(type, false)) return false;
  const std::size_t written = out_.size() - start_;
  if (written != size) return failAt(sizeAt, fmt::format("{} octets announced: {} follow", size, written));
  if (checked && !validRdata(type, out_.written().subspan(start_)))
    return failAt(std::min(fieldAt_, tokens_.size() - 1), fmt::format("the octets do not have the form of {}", type));
  return true;
}

bool RdataReader::put(std::size_t octets, std::uint64_t value) {
  for (std::size_t i = octets; i > 0; --i) out_.u8(static_cast<std::uint8_t>(value >> (8 * (i - 1))));
  return true;
}

bool RdataReader::number(std::uint64_t maximum, std::uint64_t& value) {
  const auto expected = [&] { return fmt::format("a number from 0 to {}", maximum); };
  if (!more() || tokens_[at_].quoted) return word(expected());
  const auto read = readDecimal(text(), maximum);
  if (!read) return wrong(expected());
  value = *read;
  ++at_;
  return true;
}

// No mnemonic begins with a digit.
bool RdataReader::named(FieldKind kind, std::uint64_t maximum, std::uint64_t& value) {
  const bool isDigit = more() && !text().empty() && text()[0] >= '0' && text()[0] <= '9';
  if (!more() || isDigit || tokens_[at_].quoted) return number(maximum, value);
  const auto mnemonics = mnemonicsOf(kind);
  if (mnemonics.empty()) return number(maximum, value);
  const auto found = readMnemonic(mnemonics, text());
  if (!found)
    return wrong(fmt::format("a number from 0 to {} or a mnemonic such as {}", maximum, mnemonics.front().text));
  value = *found;
  ++at_;
  return true;
}

bool RdataReader::number(FieldKind kind) {
  std::uint64_t value = 0;
  switch (kind) {
    case FieldKind::u8:
      return number(0xff, value) && put(1, value);
    case FieldKind::u16:
      return number(0xffff, value) && put(2, value);
    case FieldKind::u32:
      return number(0xffffffff, value) && put(4, value);
    case FieldKind::u48:
      return number(0xffffffffffff, value) && put(6, value);
    case FieldKind::u64:
      return number(0xffffffffffffffff, value) && put(8, value);
    case FieldKind::gatewayType:
      return number(3, value) && put(1, value);
    case FieldKind::certificateType:
    case FieldKind::errorCode:
      return named(kind, 0xffff, value) && put(2, value);
    default:
      return named(kind, 0xff, value) && put(1, value);
  }
}

bool RdataReader::duration() {
  constexpr std::string_view expected = "seconds, 0 to 4294967295, or a time such as 1h30m";
  if (!word(expected)) return false;
  const auto value = parseTtl(text());
  if (!value) return wrong(expected);
  ++at_;
  return put(4, *value);
}

bool RdataReader::time() {
  constexpr std::string_view expected = "a time YYYYMMDDHHmmSS or seconds since 1970";
  if (!word(expected)) return false;
  const auto value = readTime(text());
  if (!value) return wrong(expected);
  ++at_;
  return put(4, *value);
}

bool RdataReader::readType(std::uint16_t& value) {
  constexpr std::string_view expected = "a record type";
  if (!word(expected)) return false;
  const auto type = typeFromText(text());
  if (!type) return wrong(expected);
  value = static_cast<std::uint16_t>(*type);
  ++at_;
  return true;
}

bool RdataReader::type() {
  std::uint16_t value = 0;
  return readType(value) && put(2, value);
}

bool RdataReader::keyFlags() {
  if (more() && !tokens_[at_].quoted) {
    const auto flags = readKeyFlags(text());
    // RFC 2535 section 7.1 has the flags in any notation of C, and BIND writes hexadecimal.
    if (flags) {
      ++at_;
      return put(2, *flags);
    }
    if (text().starts_with("0x") && text().size() > 2 && text().size() <= 6 &&
        std::ranges::all_of(text().substr(2), [](char c) { return hexDigit(c) >= 0; })) {
      std::uint64_t value = 0;
      for (const char c : text().substr(2)) value = value << 4 | static_cast<std::uint64_t>(hexDigit(c));
      ++at_;
      return put(2, value);
    }
  }
  return number(FieldKind::u16);
}

// Two words, the D bit and the type, in one octet.
bool RdataReader::relayType() {
  std::uint64_t discovery = 0;
  std::uint64_t type = 0;
  return number(1, discovery) && number(3, type) && put(1, discovery << 7 | type);
}

// A word that stands for a fixed number of octets.
template <class Read>
bool RdataReader::fixed(std::size_t size, std::string_view expected, Read read) {
  if (!word(expected)) return false;
  std::array<std::uint8_t, 16> octets;
  if (!read(text(), octets.data())) return wrong(expected);
  ++at_;
  out_.bytes(ByteSpan(octets).first(size));
  return true;
}

bool RdataReader::name() {
  if (!word("a domain name")) return false;
  Name name;
  NameError error{};
  if (!Name::parse(text(), origin_, name, &error))
    return failAt(at_, fmt::format("'{}' is not a domain name: {}", text(), describe(error)));
  out_.bytes(name.wire());
  ++at_;
  return true;
}

bool RdataReader::names() {
  while (more())
    if (!name()) return false;
  return true;
}

bool RdataReader::characterString(bool (*accepts)(ByteSpan), std::string_view expected) {
  if (!more()) return missing(expected);
  // Each octet takes at least one character, so that a short word without escapes is copied as it stands.
  std::array<std::uint8_t, 256> octets;
  ByteWriter string{MutableByteSpan(octets)};
  if (!readText(text(), string)) return wrong("a string whose escapes are \\X or \\DDD with DDD from 000 to 255");
  if (!string.ok() || string.size() > 255) return wrong("a string of at most 255 octets");
  if (accepts && !accepts(string.written())) return wrong(expected);
  out_.u8(static_cast<std::uint8_t>(string.size()));
  out_.bytes(string.written());
  ++at_;
  return true;
}

bool RdataReader::characterStrings() {
  do {
    if (!characterString(nullptr, "a string")) return false;
  } while (more());
  return true;
}

bool RdataReader::textToEnd() {
  if (!more()) return missing("a string");
  if (!readText(text(), out_)) return wrong("a string whose escapes are \\X or \\DDD with DDD from 000 to 255");
  ++at_;
  return true;
}

bool RdataReader::hex(std::string_view expected) {
  const std::size_t before = out_.size();
  HexDecoder decoder;
  if (!more()) return missing(expected);
  for (; more(); ++at_) {
    if (!word(expected)) return false;
    if (!decoder.feed(text(), out_)) return wrong(expected);
  }
  if (!decoder.finish())
    return failAt(tokens_.size() - 1, "an odd number of hexadecimal digits: expected whole octets");
  return out_.size() > before || !out_.ok() || failAt(fieldAt_, fmt::format("no octets: expected {}", expected));
}

bool RdataReader::base64(bool optional) {
  constexpr std::string_view expected = "base64";
  if (!more()) return optional || missing(expected);
  const std::size_t before = out_.size();
  Base64Decoder decoder;
  for (; more(); ++at_) {
    if (!word(expected)) return false;
    if (!decoder.feed(text(), out_)) return wrong(expected);
  }
  if (!decoder.finish())
    return failAt(tokens_.size() - 1, "base64 that breaks off: expected groups of four characters");
  return out_.size() > before || !out_.ok() || failAt(fieldAt_, "no octets: expected base64");
}

bool RdataReader::salt() {
  constexpr std::string_view expected = "hexadecimal of at most 255 octets, or -";
  if (!word(expected)) return false;
  std::array<std::uint8_t, 256> octets;
  ByteWriter salt{MutableByteSpan(octets)};
  HexDecoder decoder;
  if (text() != "-" && (text().empty() || !decoder.feed(text(), salt) || !decoder.finish())) return wrong(expected);
  if (!salt.ok() || salt.size() > 255) return wrong(expected);
  out_.u8(static_cast<std::uint8_t>(salt.size()));
  out_.bytes(salt.written());
  ++at_;
  return true;
}

bool RdataReader::hash() {
  constexpr std::string_view expected = "base32hex without padding, of 1 to 255 octets";
  if (!word(expected)) return false;
  std::array<std::uint8_t, 256> octets;
  ByteWriter hash{MutableByteSpan(octets)};
  if (!decodeBase32Hex(text(), hash) || !hash.ok() || hash.size() > 255 || hash.size() == 0) return wrong(expected);
  out_.u8(static_cast<std::uint8_t>(hash.size()));
  out_.bytes(hash.written());
  ++at_;
  return true;
}

// The length, then base64 in as many words as it takes; none where the length is 0.
bool RdataReader::sizedBase64() {
  std::uint64_t size = 0;
  if (!number(0xffff, size)) return false;
  put(2, size);
  const std::size_t sizeAt = at_ - 1;
  const std::size_t before = out_.size();
  Base64Decoder decoder;
  while (out_.ok() && (out_.size() - before < size || !decoder.finish())) {
    if (!word("base64")) return false;
    if (!decoder.feed(text(), out_)) return wrong("base64");
    ++at_;
  }
  const std::size_t written = out_.size() - before;
  return written == size || failAt(sizeAt, fmt::format("{} octets announced: {} follow", size, written));
}

std::size_t usedOctets(ByteSpan bitmap) {
  std::size_t used = bitmap.size();
  while (used > 0 && bitmap[used - 1] == 0) --used;
  return used;
}

void setBit(MutableByteSpan bitmap, unsigned bit) {
  bitmap[bit / 8] = static_cast<std::uint8_t>(bitmap[bit / 8] | 0x80 >> (bit & 7));
}

// Nearly all types that are in use lie in the first window.
bool RdataReader::typeBitmap(bool optional) {
  if (!more()) return optional || missing("a record type");
  std::array<std::uint8_t, bitmapSize> bitmap{};
  const std::size_t first = at_;
  while (more()) {
    std::uint16_t value = 0;
    if (!readType(value)) return false;
    if (value > 0xff) return wideTypeBitmap(first);
    setBit(bitmap, value);
  }
  const std::size_t used = usedOctets(bitmap);
  out_.u8(0);
  out_.u8(static_cast<std::uint8_t>(used));
  out_.bytes(ByteSpan(bitmap).first(used));
  return true;
}

bool RdataReader::wideTypeBitmap(std::size_t first) {
  std::array<std::uint8_t, 256 * bitmapSize> windows{};
  at_ = first;
  while (more()) {
    std::uint16_t value = 0;
    if (!readType(value)) return false;
    setBit(windows, value);
  }
  for (std::size_t window = 0; window < 256; ++window) {
    const ByteSpan bitmap = ByteSpan(windows).subspan(window * bitmapSize, bitmapSize);
    const std::size_t used = usedOctets(bitmap);
    if (used == 0) continue;
    out_.u8(static_cast<std::uint8_t>(window));
    out_.u8(static_cast<std::uint8_t>(used));
    out_.bytes(bitmap.first(used));
  }
  return true;
}

// RFC 2535 section 5.2: types up to 127, the bit of type 0 clear.
bool RdataReader::nxtBitmap() {
  constexpr std::string_view expected = "a record type from 1 to 127, or its number";
  std::array<std::uint8_t, 16> bitmap{};
  for (; more(); ++at_) {
    if (!word(expected)) return false;
    const auto number = readDecimal(text(), 127);
    const auto type = number ? static_cast<Type>(*number) : typeFromText(text()).value_or(Type{});
    if (type == Type{} || static_cast<std::uint16_t>(type) > 127) return wrong(expected);
    setBit(bitmap, static_cast<std::uint16_t>(type));
  }
  out_.bytes(ByteSpan(bitmap).first(usedOctets(bitmap)));
  return true;
}

bool RdataReader::gateway(std::uint8_t gatewayType) {
  switch (gatewayType) {
    case 0:
      if (!word("'.', for no gateway")) return false;
      if (text() != ".") return wrong("'.', for no gateway");
      ++at_;
      return true;
    case 1:
      return fixed(4, "an IPv4 address", readIpv4);
    case 2:
      return fixed(16, "an IPv6 address", readIpv6);
    default:
      return name();
  }
}

// Algorithm, HIT and key; the lengths come first on the wire (RFC 8005 section 5).
bool RdataReader::hostIdentity() {
  std::uint64_t algorithm = 0;
  if (!number(0xff, algorithm)) return false;
  const std::size_t lengthsAt = out_.size();
  put(4, algorithm << 16);

  constexpr std::string_view expectedHit = "a HIT, 1 to 255 octets in hexadecimal";
  if (!word(expectedHit)) return false;
  const std::size_t hitAt = out_.size();
  HexDecoder hitDecoder;
  if (!hitDecoder.feed(text(), out_) || !hitDecoder.finish()) return wrong(expectedHit);
  const std::size_t hitSize = out_.size() - hitAt;
  if (hitSize == 0 || hitSize > 255) return wrong(expectedHit);
  ++at_;

  constexpr std::string_view expectedKey = "a public key in base64, in one word";
  if (!word(expectedKey)) return false;
  const std::size_t keyAt = out_.size();
  Base64Decoder keyDecoder;
  if (!keyDecoder.feed(text(), out_) || !keyDecoder.finish()) return wrong(expectedKey);
  const std::size_t keySize = out_.size() - keyAt;
  if (keySize == 0 || keySize > 0xffff) return wrong(expectedKey);
  ++at_;
  out_.patchU16(lengthsAt, static_cast<std::uint16_t>(hitSize << 8 | algorithm));
  out_.patchU16(lengthsAt + 2, static_cast<std::uint16_t>(keySize));
  return true;
}

bool RdataReader::addressPrefixes() {
  while (more())
    if (!addressPrefix()) return false;
  return true;
}

// [!]family:address/prefix (RFC 3123 section 5)
bool RdataReader::addressPrefix() {
  constexpr std::string_view expected = "[!]1:IPv4/0-32 or [!]2:IPv6/0-128";
  if (!word(expected)) return false;
  std::string_view item = text();
  const bool negated = item.starts_with('!');
  if (negated) item.remove_prefix(1);
  const std::size_t slash = item.rfind('/');
  if (item.size() < 2 || item[1] != ':' || slash == std::string_view::npos) return wrong(expected);
  const bool isIpv4 = item[0] == '1';
  if (!isIpv4 && item[0] != '2') return wrong(expected);
  const std::size_t size = isIpv4 ? 4 : 16;
  const auto prefix = readDecimal(item.substr(slash + 1), size * 8);
  std::array<std::uint8_t, 16> octets{};
  const std::string_view address = item.substr(2, slash - 2);
  const bool ok = isIpv4 ? readIpv4(address, octets.data()) : readIpv6(address, octets.data());
  if (!prefix || !ok) return wrong(expected);
  const std::size_t used = usedOctets(ByteSpan(octets).first(size));
  out_.u16(isIpv4 ? 1 : 2);
  out_.u8(static_cast<std::uint8_t>(*prefix));
  out_.u8(static_cast<std::uint8_t>(used | (negated ? 0x80 : 0)));
  out_.bytes(ByteSpan(octets).first(used));
  ++at_;
  return true;
}

bool RdataReader::services() {
  constexpr std::string_view expectedProtocol = "a protocol such as TCP, or its number";
  if (!word(expectedProtocol)) return false;
  const auto protocol = readProtocol(text());
  if (!protocol) return wrong(expectedProtocol);
  ++at_;
  std::array<std::uint8_t, 65536 / 8> ports{};
  for (; more(); ++at_) {
    if (!word("a service or a port")) return false;
    const auto port = readService(text());
    if (!port) return wrong("a service such as SMTP, or a port from 0 to 65535");
    setBit(ports, *port);
  }
  out_.u8(*protocol);
  out_.bytes(ByteSpan(ports).first(usedOctets(ports)));
  return true;
}

// 0x and hexadecimal in which dots do not count (RFC 1706 section 5).
bool RdataReader::nsap() {
  constexpr std::string_view expected = "0x and hexadecimal";
  if (!word(expected)) return false;
  const std::string_view word = text();
  if (word.size() < 4 || word[0] != '0' || (word[1] | 0x20) != 'x') return wrong(expected);
  const std::size_t before = out_.size();
  HexDecoder decoder;
  for (std::size_t i = 2; i < word.size(); ++i)
    if (word[i] != '.' && !decoder.feed(word.substr(i, 1), out_)) return wrong(expected);
  if (!decoder.finish() || out_.size() == before) return wrong(expected);
  ++at_;
  return true;
}

// + and digits for E.164, hexadecimal for an end system address; dots stand between two digits.
bool RdataReader::atma() {
  constexpr std::string_view expected = "+ and digits, or hexadecimal";
  if (!word(expected)) return false;
  const bool isE164 = text().starts_with('+');
  const std::string_view digits = text().substr(isE164 ? 1 : 0);
  out_.u8(isE164 ? 1 : 0);
  const std::size_t before = out_.size();
  HexDecoder decoder;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const char c = digits[i];
    if (c == '.' && i > 0 && digits[i - 1] != '.' && i + 1 < digits.size()) continue;
    if (isE164 ? c < '0' || c > '9' : !decoder.feed(digits.substr(i, 1), out_)) return wrong(expected);
    if (isE164) out_.u8(static_cast<std::uint8_t>(c));
  }
  if (!decoder.finish() || out_.size() == before) return wrong(expected);
  ++at_;
  return true;
}

bool RdataReader::addressSuffix() {
  std::uint64_t prefix = 0;
  if (!number(128, prefix)) return false;
  put(1, prefix);
  if (prefix < 128) {
    constexpr std::string_view expected = "an IPv6 address";
    if (!word(expected)) return false;
    std::array<std::uint8_t, 16> octets{};
    if (!readIpv6(text(), octets.data())) return wrong(expected);
    ++at_;
    const std::size_t skipped = prefix / 8;
    octets[skipped] = static_cast<std::uint8_t>(octets[skipped] & 0xff >> (prefix % 8));
    out_.bytes(ByteSpan(octets).subspan(skipped));
  }
  return prefix == 0 || name();
}

bool RdataReader::location() {
  const LocReading reading = readLoc(tokens_.subspan(at_));
  at_ += reading.used;
  if (reading.problem)
    return more() ? failAt(at_, fmt::format("'{}': {}", text(), reading.problem))
                  : failAt(tokens_.size(), fmt::format("missing data: {}", reading.problem));
  out_.bytes(reading.octets);
  return true;
}

bool RdataReader::svcParams() {
  rdata::SvcParams params;
  for (; more(); ++at_) {
    if (!word("a service parameter")) return false;
    if (auto problem = readSvcParam(text(), params)) return failAt(at_, std::move(*problem));
  }
  if (const char* const problem = svcInconsistency(params)) return failAt(fieldAt_, problem);
  rdata::detail::encode(FieldKind::svcParams, params, out_);
  return true;
}

bool RdataReader::step(FieldKind kind) {
  switch (kind) {
    case FieldKind::u8:
    case FieldKind::u16:
    case FieldKind::u32:
    case FieldKind::u48:
    case FieldKind::u64:
    case FieldKind::algorithm:
    case FieldKind::certificateType:
    case FieldKind::keyProtocol:
    case FieldKind::digestType:
    case FieldKind::nsec3Algorithm:
    case FieldKind::dsyncScheme:
    case FieldKind::errorCode:
    case FieldKind::gatewayType:
      return number(kind);
    case FieldKind::duration:
      return duration();
    case FieldKind::time:
      return time();
    case FieldKind::type:
      return type();
    case FieldKind::keyFlags:
      return keyFlags();
    case FieldKind::relayType:
      return relayType();
    case FieldKind::ipv4:
      return fixed(4, "an IPv4 address", readIpv4);
    case FieldKind::ipv6:
      return fixed(16, "an IPv6 address", readIpv6);
    case FieldKind::locator64:
      return fixed(8, "four groups of hexadecimal, as in 2001:db8:0:1", readLocator64);
    case FieldKind::eui48:
      return fixed(6, "xx-xx-xx-xx-xx-xx", [](std::string_view word, std::uint8_t* octets) {
        return readDashedHex(word, {octets, 6});
      });
    case FieldKind::eui64:
      return fixed(8, "xx-xx-xx-xx-xx-xx-xx-xx", [](std::string_view word, std::uint8_t* octets) {
        return readDashedHex(word, {octets, 8});
      });
    case FieldKind::location:
      return location();
    case FieldKind::compressibleName:
    case FieldKind::receivedName:
    case FieldKind::foldedName:
    case FieldKind::plainName:
      return name();
    case FieldKind::plainNames:
      return names();
    case FieldKind::characterString:
      return characterString(nullptr, "a string");
    case FieldKind::optionalCharacterString:
      return !more() || characterString(nullptr, "a string");
    case FieldKind::characterStrings:
      return characterStrings();
    case FieldKind::digitString:
      return characterString(isPsdnAddress, "at least four digits");
    case FieldKind::tag:
      return characterString(isTag, "a tag of letters and digits");
    case FieldKind::text:
      return textToEnd();
    case FieldKind::hex:
      return hex("hexadecimal");
    case FieldKind::optionalHex:
      return !more() || hex("hexadecimal");
    case FieldKind::base64:
      return base64(false);
    case FieldKind::optionalBase64:
      return base64(true);
    case FieldKind::dashBase64:
      if (!more() || tokens_[at_].quoted || text() != "-") return base64(false);
      ++at_;
      return true;
    case FieldKind::salt:
      return salt();
    case FieldKind::hash:
      return hash();
    case FieldKind::sizedBase64:
      return sizedBase64();
    case FieldKind::typeBitmap:
      return typeBitmap(false);
    case FieldKind::optionalTypeBitmap:
      return typeBitmap(true);
    case FieldKind::nxtBitmap:
      return nxtBitmap();
    case FieldKind::gateway:
    case FieldKind::relay:
      return out_.ok() && gateway(out_.written()[start_ + 1] & 0x7f);
    case FieldKind::hostIdentity:
      return hostIdentity();
    case FieldKind::addressPrefixes:
      return addressPrefixes();
    case FieldKind::services:
      return services();
    case FieldKind::nsap:
      return nsap();
    case FieldKind::atma:
      return atma();
    case FieldKind::addressSuffix:
      return addressSuffix();
    case FieldKind::svcParams:
      return svcParams();
    case FieldKind::options:
    case FieldKind::opaque:
      return missing("data in the generic form, \\# LENGTH HEX");
  }
  return false;
}

}  // namespace

std::optional<TextError> parseRdata(Type type, Class rrClass, std::span<const Token> tokens, NameView origin,
                                    ByteWriter& out) {
  RdataReader reader(tokens, origin, out);
  // The addresses of class CH have another form (RFC 1035 section 3.4 is for IN alone); HS shares that of IN.
  const bool hasLayout = type != Type::A || rrClass != Class::CH;
  const RdataLayout* const layout = hasLayout ? findLayout(type) : nullptr;
  const bool isGeneric = !tokens.empty() && !tokens[0].quoted && tokens[0].text == "\\#";
  bool ok = false;
  if (isGeneric)
    ok = reader.generic(type, layout != nullptr);
  else if (layout)
    ok = reader.all(*layout);
  else
    ok = reader.missing("data in the generic form, \\# LENGTH HEX");
  if (ok) return std::nullopt;
  return reader.takeError();
}

}  // namespace taut
