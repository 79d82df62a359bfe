#include "taut/dns/name.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "rdata/presentation.hpp"
#include "taut/base/parse_number.hpp"
#include "taut/dns/compression.hpp"

namespace taut {

namespace {

constexpr std::size_t headerSize = 12;  // of a message: no name begins in it

std::uint64_t loadWord(const std::uint8_t* octets) {
  std::uint64_t word;
  std::memcpy(&word, octets, sizeof word);
  return word;
}

// Up to seven octets as a word. Each count has its own copies of fixed size, which cost less than a loop.
std::uint64_t loadTail(const std::uint8_t* octets, std::size_t count) {
  if (count >= 4) {
    std::uint32_t low;
    std::uint32_t high;
    std::memcpy(&low, octets, 4);
    std::memcpy(&high, octets + count - 4, 4);
    return std::uint64_t{high} << 32 | low;
  }
  if (count == 0) return 0;
  return std::uint64_t{octets[0]} << 16 | std::uint64_t{octets[count / 2]} << 8 | octets[count - 1];
}

std::uint64_t mix(std::uint64_t hash, std::uint64_t word) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(hash ^ word) * 0x9e3779b97f4a7c15;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

const std::uint8_t* octets(std::string_view label) {
  return reinterpret_cast<const std::uint8_t*>(label.data());
}

std::weak_ordering compareLabels(std::string_view left, std::string_view right) {
  const std::size_t shared = std::min(left.size(), right.size());
  const std::uint8_t* const a = octets(left);
  const std::uint8_t* const b = octets(right);
  std::size_t at = 0;
  for (; at + 8 <= shared; at += 8) {
    // The first octet is the most significant one of the comparison.
    const std::uint64_t leftWord = __builtin_bswap64(foldCase8(loadWord(a + at)));
    const std::uint64_t rightWord = __builtin_bswap64(foldCase8(loadWord(b + at)));
    if (leftWord != rightWord) return leftWord <=> rightWord;
  }
  for (; at < shared; ++at)
    if (foldCase(a[at]) != foldCase(b[at])) return foldCase(a[at]) <=> foldCase(b[at]);
  return left.size() <=> right.size();
}

// Whether all labels after the first are the same octets, as they are in most names of one zone.
bool haveSameParent(NameView left, NameView right) {
  if (left.isRoot() || right.isRoot()) return false;
  const NameView leftParent = left.parent();
  const NameView rightParent = right.parent();
  return leftParent.size() == rightParent.size() &&
         std::memcmp(leftParent.data(), rightParent.data(), leftParent.size()) == 0;
}

// Offsets of a name's labels, leftmost first; the count without the root.
std::size_t labelOffsets(NameView name, std::array<std::uint8_t, maxLabelCount>& offsets) {
  std::size_t count = 0;
  for (std::size_t at = 0; name.data()[at] != 0; at += name.data()[at] + 1u)
    offsets[count++] = static_cast<std::uint8_t>(at);
  return count;
}

void appendOctet(std::string& text, std::uint8_t octet) {
  constexpr std::string_view special = ".\\\"();@$";
  if (octet <= 0x20 || octet >= 0x7f) {
    text += '\\';
    for (const int power : {100, 10, 1}) text += static_cast<char>('0' + octet / power % 10);
    return;
  }
  if (special.find(static_cast<char>(octet)) != std::string_view::npos) text += '\\';
  text += static_cast<char>(octet);
}

// The first offset from `start` on whose octet is not the length of a label, or that is `limit` or more octets away.
std::size_t endOfRun(ByteSpan message, std::size_t start, std::size_t limit) {
  const std::size_t end = std::min(message.size(), start + limit);
  std::size_t at = start;
  while (at < end && message[at] != 0 && message[at] <= maxLabelSize) at += message[at] + 1u;
  return at;
}

}  // namespace

bool equalFolded(const std::uint8_t* left, const std::uint8_t* right, std::size_t size) {
  if (size < 8) return foldCase8(loadTail(left, size)) == foldCase8(loadTail(right, size));
  const auto equalWords = [&](std::size_t at) {
    const std::uint64_t a = loadWord(left + at);
    const std::uint64_t b = loadWord(right + at);
    return a == b || foldCase8(a) == foldCase8(b);
  };
  for (std::size_t at = 0; at + 8 < size; at += 8)
    if (!equalWords(at)) return false;
  return equalWords(size - 8);  // overlaps the word before: cheaper than an odd tail
}

std::optional<NameView> NameView::fromWire(ByteSpan octets) {
  std::size_t at = 0;
  while (at < octets.size()) {
    const std::size_t length = octets[at];
    if (length == 0) return trusted(octets.data(), at + 1);
    at += length + 1;
    if (length > maxLabelSize || at >= maxNameSize) return std::nullopt;
  }
  return std::nullopt;
}

std::size_t NameView::labelCount() const {
  std::size_t count = 0;
  for (const std::uint8_t* at = octets_; *at != 0; at += *at + 1) ++count;
  return count;
}

NameView NameView::suffix(std::size_t labels) const {
  NameView view = *this;
  for (std::size_t count = labelCount(); count > labels; --count) view = view.parent();
  return view;
}

bool NameView::firstLabelEquals(std::string_view text) const {
  const auto rest = firstLabelAfter(text);
  return rest && rest->empty();
}

std::optional<std::string_view> NameView::firstLabelAfter(std::string_view prefix) const {
  const std::string_view label = isRoot() ? std::string_view() : firstLabel();
  if (label.size() < prefix.size() || !equalFolded(octets(label), octets(prefix), prefix.size())) return std::nullopt;
  return label.substr(prefix.size());
}

template <std::unsigned_integral Number>
std::optional<Number> NameView::firstLabelNumber(std::string_view prefix) const {
  const auto digits = firstLabelAfter(prefix);
  return digits ? parseNumber<Number>(*digits) : std::nullopt;
}

template std::optional<std::uint8_t> NameView::firstLabelNumber(std::string_view prefix) const;
template std::optional<std::uint16_t> NameView::firstLabelNumber(std::string_view prefix) const;
template std::optional<std::uint32_t> NameView::firstLabelNumber(std::string_view prefix) const;
template std::optional<std::uint64_t> NameView::firstLabelNumber(std::string_view prefix) const;

bool NameView::isWithin(NameView ancestor) const {
  if (size_ < ancestor.size_) return false;
  const std::size_t start = size_ - ancestor.size_;
  std::size_t at = 0;
  while (at < start) at += octets_[at] + 1u;
  return at == start && equalFolded(octets_ + start, ancestor.octets_, ancestor.size_);
}

std::uint64_t NameView::hash() const {
  // An attacker who chooses names to collide in a cache does not know where the program was loaded.
  static constexpr char anchor = 0;
  std::uint64_t hash = mix(reinterpret_cast<std::uintptr_t>(&anchor), size_);
  if (size_ < 8) return mix(hash, foldCase8(loadTail(octets_, size_)));
  for (std::size_t at = 0; at + 8u < size_; at += 8) hash = mix(hash, foldCase8(loadWord(octets_ + at)));
  return mix(hash, foldCase8(loadWord(octets_ + size_ - 8)));
}

std::string NameView::toString() const {
  if (isRoot()) return ".";
  std::string text;
  text.reserve(size_);
  for (NameView rest = *this; !rest.isRoot(); rest = rest.parent()) {
    for (const char octet : rest.firstLabel()) appendOctet(text, static_cast<std::uint8_t>(octet));
    text += '.';
  }
  return text;
}

std::weak_ordering operator<=>(NameView left, NameView right) {
  if (haveSameParent(left, right)) return compareLabels(left.firstLabel(), right.firstLabel());
  std::array<std::uint8_t, maxLabelCount> leftOffsets;
  std::array<std::uint8_t, maxLabelCount> rightOffsets;
  std::size_t leftLabels = labelOffsets(left, leftOffsets);
  std::size_t rightLabels = labelOffsets(right, rightOffsets);
  const auto label = [](NameView name, std::size_t offset) {
    return std::string_view(reinterpret_cast<const char*>(name.data() + offset + 1), name.data()[offset]);
  };
  while (leftLabels > 0 && rightLabels > 0) {
    const std::string_view a = label(left, leftOffsets[--leftLabels]);
    const std::string_view b = label(right, rightOffsets[--rightLabels]);
    if (a.size() == b.size() && equalFolded(octets(a), octets(b), a.size())) continue;
    return compareLabels(a, b);
  }
  return leftLabels <=> rightLabels;
}

std::string_view describe(NameError error) {
  switch (error) {
    case NameError::emptyLabel:
      return "empty label";
    case NameError::labelTooLong:
      return "label longer than 63 octets";
    case NameError::nameTooLong:
      return "name longer than 255 octets";
    case NameError::badEscape:
      return "bad escape: expected \\X or \\DDD with DDD from 000 to 255";
  }
  return "bad name";
}

Name::Name(std::string_view text) {
  NameError error{};
  const auto name = parse(text, {}, &error);
  if (!name) throw std::invalid_argument(fmt::format("'{}' is not a domain name: {}", text, describe(error)));
  *this = *name;
}

std::optional<Name> Name::parse(std::string_view text, NameView origin, NameError* error) {
  std::optional<Name> name(std::in_place);
  if (!parse(text, origin, *name, error)) name.reset();
  return name;
}

bool Name::parse(std::string_view text, NameView origin, Name& name, NameError* error) {
  if (text == "@") {
    name = origin;
    return true;
  }
  name = NameView();
  if (text == ".") return true;
  const auto fail = [&](NameError reason) {
    if (error) *error = reason;
    name.octets_[0] = 0;
    return false;
  };
  std::uint8_t* const wire = name.octets_.data();
  std::size_t lengthAt = 0;  // where the length of the label at hand is
  std::size_t size = 1;
  std::size_t at = 0;
  while (at < text.size()) {
    // Octets up to this limit fit the label and the name. The root's octet is not counted.
    const std::size_t limit = std::max(size, std::min(lengthAt + 1 + maxLabelSize, maxNameSize - 1));
    for (; size < limit && at < text.size() && text[at] != '.' && text[at] != '\\'; ++at)
      wire[size++] = static_cast<std::uint8_t>(text[at]);
    if (at == text.size()) break;
    if (text[at] == '.') {
      if (size == lengthAt + 1) return fail(NameError::emptyLabel);
      wire[lengthAt] = static_cast<std::uint8_t>(size - lengthAt - 1);
      lengthAt = size++;
      ++at;
      continue;
    }
    const int octet = parseEscaped(text, at);
    if (octet < 0) return fail(NameError::badEscape);
    if (size == limit) return fail(size > lengthAt + maxLabelSize ? NameError::labelTooLong : NameError::nameTooLong);
    wire[size++] = static_cast<std::uint8_t>(octet);
  }
  if (text.empty()) return fail(NameError::emptyLabel);
  if (size == lengthAt + 1) {  // it ended in a dot
    wire[lengthAt] = 0;
    name.size_ = static_cast<std::uint8_t>(size);
    return true;
  }
  if (size + origin.size() > maxNameSize) return fail(NameError::nameTooLong);
  wire[lengthAt] = static_cast<std::uint8_t>(size - lengthAt - 1);
  copyOctets(wire + size, origin.wire());
  name.size_ = static_cast<std::uint8_t>(size + origin.size());
  return true;
}

std::optional<Name> Name::read(ByteSpan message, ByteReader& reader) {
  std::optional<Name> name(std::in_place);
  if (!read(message, reader, *name)) name.reset();
  return name;
}

bool Name::read(ByteSpan message, ByteReader& reader, Name& name) {
  std::size_t size = 0;
  std::size_t start = reader.position();  // of the run of labels, which ends with the root or a pointer
  std::size_t next = 0;                   // where the message goes on after the name
  for (std::size_t pointers = 0; reader.ok() && pointers <= maxLabelCount; ++pointers) {
    const std::size_t end = endOfRun(message, start, maxNameSize - size);
    if (end >= message.size() || size + (end - start) >= maxNameSize) break;
    copyOctets(name.octets_.data() + size, message.subspan(start, end - start));
    size += end - start;
    if (message[end] == 0) {
      name.octets_[size] = 0;
      name.size_ = static_cast<std::uint8_t>(size + 1);
      reader.skip((next != 0 ? next : end + 1) - reader.position());
      return reader.ok();
    }
    if (message[end] < pointerMark >> 8 || message.size() - end < 2) break;
    const std::size_t target = loadU16(message.data() + end) & maxPointerTarget;
    if (target >= start || target < headerSize) break;
    if (next == 0) next = end + 2;
    start = target;
  }
  name.octets_[0] = 0;
  name.size_ = 1;
  reader.fail();
  return false;
}

std::optional<Name> Name::join(std::string_view label, NameView parent) {
  const std::size_t size = label.size() + 1 + parent.size();
  if (label.empty() || label.size() > maxLabelSize || size > maxNameSize) return std::nullopt;
  Name name;
  name.octets_[0] = static_cast<std::uint8_t>(label.size());
  copyOctets(name.octets_.data() + 1, asBytes(label));
  copyOctets(name.octets_.data() + 1 + label.size(), parent.wire());
  name.size_ = static_cast<std::uint8_t>(size);
  return name;
}

std::optional<Name> Name::substitute(NameView name, NameView from, NameView to) {
  const std::size_t kept = name.size() - from.size();
  if (kept + to.size() > maxNameSize) return std::nullopt;
  Name result;
  copyOctets(result.octets_.data(), name.wire().first(kept));
  copyOctets(result.octets_.data() + kept, to.wire());
  result.size_ = static_cast<std::uint8_t>(kept + to.size());
  return result;
}

Name Name::toLower() const {
  Name lower = *this;
  std::transform(octets_.begin(), octets_.begin() + size_, lower.octets_.begin(), foldCase);
  return lower;
}

}  // namespace taut

fmt::format_context::iterator fmt::formatter<taut::NameView>::format(taut::NameView name,
                                                                     fmt::format_context& context) const {
  const std::string text = name.toString();
  return std::copy(text.begin(), text.end(), context.out());
}
