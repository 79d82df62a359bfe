// Passes RDATA field by field, strictly: every length, count and name is checked against the octets at hand. On request
// it also decompresses: it follows pointers in names where the type allows them, and writes what it passes without
// compression. It remembers the names that are lower case in canonical form.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "taut/base/bytes.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/rdata/field.hpp"

namespace taut {

class RdataWalk {
 public:
  struct DowncasedName {
    std::size_t offset;
    std::size_t size;
  };
  static constexpr std::size_t maxDowncasedNames = 2;

  // Uncompressed RDATA.
  explicit RdataWalk(ByteSpan rdata) : octets_(rdata), start_(0), at_(0), end_(rdata.size()) {}

  // `length` octets at `offset` of a message, which holds them; names may be compressed. Writes them to `out`.
  RdataWalk(ByteSpan message, std::size_t offset, std::size_t length, ByteWriter& out)
      : octets_(message), start_(offset), at_(offset), end_(offset + length), out_(&out) {}

  bool all(const RdataLayout& layout);  // every field, and nothing after the last

  std::size_t position() const { return at_ - start_; }
  std::size_t downcasedCount() const { return downcasedCount_; }
  const DowncasedName& downcased(std::size_t index) const { return downcased_[index]; }

  // For the kinds. A function that looks at octets needs them to be there; one that passes octets checks that they are.
  std::size_t remaining() const { return end_ - at_; }
  ByteSpan rest() const { return octets_.subspan(at_, remaining()); }
  std::uint8_t peek(std::size_t ahead = 0) const { return octets_[at_ + ahead]; }
  std::uint8_t passed(std::size_t offset) const { return octets_[start_ + offset]; }  // uncompressed so far
  bool pass(std::size_t count) {
    if (remaining() < count) return false;
    if (out_) out_->bytes(octets_.subspan(at_, count));
    at_ += count;
    return true;
  }
  bool passRest() { return pass(remaining()); }
  bool passSome() { return remaining() > 0 && passRest(); }
  bool passSized(std::size_t lengthSize, std::size_t minimum);  // a length of one octet or two, and as many octets
  bool passCharacterString() { return remaining() > peekedLength() && pass(1u + peek()); }

  bool passPlainName();
  bool passDowncasedName();
  bool passDecompressibleName();

 private:
  std::size_t peekedLength() const { return remaining() == 0 ? 0 : peek(); }

  ByteSpan octets_;
  std::size_t start_;
  std::size_t at_;
  std::size_t end_;
  ByteWriter* out_ = nullptr;
  std::array<DowncasedName, maxDowncasedNames> downcased_{};
  std::size_t downcasedCount_ = 0;
};

}  // namespace taut
