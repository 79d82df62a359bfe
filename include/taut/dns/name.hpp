// Domain names (RFC 1034 section 3.1, RFC 1035 section 3.1) in wire form: length-prefixed labels and the root's zero.
//
// A name is always absolute and valid: labels of 1 to 63 octets, at most 255 octets in all (RFC 2181 section 11; the
// octets themselves are arbitrary). Case is kept and never significant (RFC 4343): equality, hashing and ordering fold
// A-Z. A length octet is at most 63 and 'A' is 65, so folding runs over a whole name without walking its labels.
//
// `NameView` borrows the octets, `Name` holds them inline. In presentation form a backslash goes before a dot, a
// backslash and the characters `"();@$` that mean something in a master file, and octets outside printable ASCII are
// written as `\DDD` (RFC 1035 section 5.1, RFC 4343 section 2.1). Any escape is understood.
#pragma once

#include <array>
#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/core.h>

#include "taut/base/bytes.hpp"

namespace taut {

inline constexpr std::size_t maxNameSize = 255;    // octets on the wire, the root's included
inline constexpr std::size_t maxLabelSize = 63;    // octets of one label
inline constexpr std::size_t maxLabelCount = 127;  // labels of one name, the root not counted

// Lower case of one octet, for ASCII letters only (RFC 4343 section 3).
constexpr std::uint8_t foldCase(std::uint8_t octet) {
  return octet >= 'A' && octet <= 'Z' ? static_cast<std::uint8_t>(octet | 0x20) : octet;
}

// Folds eight octets at once.
constexpr std::uint64_t foldCase8(std::uint64_t octets) {
  constexpr std::uint64_t each = 0x0101010101010101;
  const std::uint64_t heptets = octets & (0x7f * each);
  const std::uint64_t aboveZ = heptets + ((0x7f - 'Z') * each);
  const std::uint64_t fromA = heptets + ((0x80 - 'A') * each);
  const std::uint64_t upper = (fromA ^ aboveZ) & ~octets & (0x80 * each);
  return octets | upper >> 2;
}

// Whether two runs of octets are equal, the case of ASCII letters ignored.
bool equalFolded(const std::uint8_t* left, const std::uint8_t* right, std::size_t size);

class Name;

// A borrowed name. Valid while the octets that it points at live; two words, passed by value.
class NameView {
 public:
  constexpr NameView() = default;  // the root

  // Trusts that `octets` begin a valid name of exactly `size` octets (from a zone's storage, say).
  static constexpr NameView trusted(const std::uint8_t* octets, std::size_t size) {
    NameView view;
    view.octets_ = octets;
    view.size_ = static_cast<std::uint8_t>(size);
    return view;
  }

  // The uncompressed name at the start of `octets`; nothing where there is no valid one.
  static std::optional<NameView> fromWire(ByteSpan octets);

  const std::uint8_t* data() const { return octets_; }
  std::size_t size() const { return size_; }  // octets, the root's zero included: 1 to 255
  ByteSpan wire() const { return {octets_, size_}; }

  bool isRoot() const { return size_ == 1; }
  bool isWildcard() const { return size_ > 2 && octets_[0] == 1 && octets_[1] == '*'; }  // RFC 4592 section 2.1.1
  std::size_t labelCount() const;  // without the root: 0 for the root itself

  std::string_view firstLabel() const { return {reinterpret_cast<const char*>(octets_ + 1), octets_[0]}; }
  NameView parent() const { return trusted(octets_ + octets_[0] + 1, size_ - octets_[0] - 1u); }  // not of the root

  // Of the first label, case ignored (RFC 4343). The root has no label, and is like a name whose first one is empty.
  bool firstLabelEquals(std::string_view text) const;
  bool firstLabelStartsWith(std::string_view prefix) const { return firstLabelAfter(prefix).has_value(); }
  // What follows `prefix` in the first label, in its own case; nothing where the label begins otherwise.
  std::optional<std::string_view> firstLabelAfter(std::string_view prefix) const;
  // The number that follows `prefix`, decimal digits to the end of the label: 7 of workstation7.example.com. Nothing
  // for other text, and for a number that the type does not hold. For the unsigned types of 8, 16, 32 and 64 bits.
  template <std::unsigned_integral Number>
  std::optional<Number> firstLabelNumber(std::string_view prefix) const;

  NameView suffix(std::size_t labels) const;  // the last `labels` labels, or all where there are fewer

  bool isWithin(NameView ancestor) const;  // equal to it or below it
  bool isBelow(NameView ancestor) const { return size_ > ancestor.size_ && isWithin(ancestor); }

  std::uint64_t hash() const;    // differs from one run of the program to the next
  std::string toString() const;  // absolute, with the final dot

  friend bool operator==(NameView left, NameView right) {
    return left.size_ == right.size_ && equalFolded(left.octets_, right.octets_, left.size_);
  }

  // Canonical order (RFC 4034 section 6.1): by label from the right, shorter first, case folded.
  friend std::weak_ordering operator<=>(NameView left, NameView right);

 private:
  static constexpr std::uint8_t root_[1] = {0};

  const std::uint8_t* octets_ = root_;
  std::uint8_t size_ = 1;
};

enum class NameError : std::uint8_t {
  emptyLabel,    // two dots in a row, or a leading one
  labelTooLong,  // over 63 octets
  nameTooLong,   // over 255 octets
  badEscape,     // a backslash not followed by a character or by three digits up to 255
};

std::string_view describe(NameError error);

// An owned name: 256 octets inline, trivially copyable.
class Name {
 public:
  Name() : size_(1) { octets_[0] = 0; }  // the root
  Name(NameView view) : size_(static_cast<std::uint8_t>(view.size())) { copyOctets(octets_.data(), view.wire()); }

  // Copies the octets of the view, which may be a part of this name. A template, so that `name = {}` is not ambiguous.
  template <std::same_as<NameView> View>
  Name& operator=(View view) {
    size_ = static_cast<std::uint8_t>(view.size());
    copyOctets(octets_.data(), view.wire());
    return *this;
  }

  // From presentation form; a final dot may be left out. Throws std::invalid_argument: for names in source code.
  explicit Name(std::string_view text);
  explicit Name(const char* text) : Name(std::string_view(text)) {}

  // From presentation form. A name that does not end in a dot is completed by `origin`, and "@" alone stands for
  // `origin` (RFC 1035 section 5.1). Writes the reason to `error` where that is not null.
  static std::optional<Name> parse(std::string_view text, NameView origin = {}, NameError* error = nullptr);
  // Parses into `name`, which does not hold `origin`. False, and `name` is the root, where the text is wrong.
  static bool parse(std::string_view text, NameView origin, Name& name, NameError* error = nullptr);

  // Reads the possibly compressed name at the reader's position in the whole `message` and moves the reader past it
  // (RFC 1035 section 4.1.4). Strict: a pointer must lead to an offset after the header, and before the first octet of
  // the run of labels that it ends, so that following pointers comes to an end. At most `maxLabelCount` pointers are
  // followed.
  static std::optional<Name> read(ByteSpan message, ByteReader& reader);
  // Reads into `name`. Where there is no valid name it returns false, `name` is the root, and the reader has failed.
  static bool read(ByteSpan message, ByteReader& reader, Name& name);

  // `label` before `parent`; nothing if the result would be too long or the label is not 1 to 63 octets.
  static std::optional<Name> join(std::string_view label, NameView parent);

  // This name with its suffix `from` replaced by `to`, as DNAME does (RFC 6672 section 2.2); `name` lies within `from`.
  static std::optional<Name> substitute(NameView name, NameView from, NameView to);

  operator NameView() const { return NameView::trusted(octets_.data(), size_); }
  NameView view() const { return *this; }

  const std::uint8_t* data() const { return octets_.data(); }
  std::size_t size() const { return size_; }
  ByteSpan wire() const { return {octets_.data(), size_}; }
  bool isRoot() const { return size_ == 1; }
  bool isWildcard() const { return view().isWildcard(); }
  std::size_t labelCount() const { return view().labelCount(); }
  std::string_view firstLabel() const { return view().firstLabel(); }
  NameView parent() const { return view().parent(); }
  bool firstLabelEquals(std::string_view text) const { return view().firstLabelEquals(text); }
  bool firstLabelStartsWith(std::string_view prefix) const { return view().firstLabelStartsWith(prefix); }
  std::optional<std::string_view> firstLabelAfter(std::string_view prefix) const {
    return view().firstLabelAfter(prefix);
  }
  template <std::unsigned_integral Number>
  std::optional<Number> firstLabelNumber(std::string_view prefix) const {
    return view().firstLabelNumber<Number>(prefix);
  }
  NameView suffix(std::size_t labels) const { return view().suffix(labels); }
  bool isWithin(NameView ancestor) const { return view().isWithin(ancestor); }
  bool isBelow(NameView ancestor) const { return view().isBelow(ancestor); }
  std::uint64_t hash() const { return view().hash(); }
  std::string toString() const { return view().toString(); }

  Name toLower() const;  // canonical form (RFC 4034 section 6.2)

  friend bool operator==(const Name& left, const Name& right) { return left.view() == right.view(); }
  friend bool operator==(const Name& left, NameView right) { return left.view() == right; }
  friend std::weak_ordering operator<=>(const Name& left, const Name& right) { return left.view() <=> right.view(); }

 private:
  std::uint8_t size_;
  std::array<std::uint8_t, maxNameSize> octets_;
};

struct NameHash {
  using is_transparent = void;
  std::size_t operator()(NameView name) const { return name.hash(); }
};

struct NameEqual {
  using is_transparent = void;
  bool operator()(NameView left, NameView right) const { return left == right; }
};

}  // namespace taut

template <>
struct fmt::formatter<taut::NameView> {
  constexpr auto parse(fmt::format_parse_context& context) { return context.begin(); }
  fmt::format_context::iterator format(taut::NameView name, fmt::format_context& context) const;
};

template <>
struct fmt::formatter<taut::Name> : fmt::formatter<taut::NameView> {};
