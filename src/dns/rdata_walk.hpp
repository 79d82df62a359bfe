// Steps through RDATA field by field, strictly: every length, count and name is checked against the octets at hand.
// On what it does beyond checking: it follows pointers in names where the type allows them and writes what it passes
// without compression, and it remembers the names that have a canonical case.
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
  struct FoldedName {
    std::size_t offset;
    std::size_t size;
  };
  static constexpr std::size_t maxFoldedNames = 2;

  // Uncompressed RDATA.
  explicit RdataWalk(ByteSpan rdata) : octets_(rdata), start_(0), at_(0), end_(rdata.size()) {}

  // `length` octets at `offset` of a message, which holds them; names may be compressed. Writes them to `out`.
  RdataWalk(ByteSpan message, std::size_t offset, std::size_t length, ByteWriter& out)
      : octets_(message), start_(offset), at_(offset), end_(offset + length), out_(&out) {}

  bool step(FieldKind kind);
  bool all(const RdataLayout& layout);  // every field, and nothing behind the last

  std::size_t position() const { return at_ - start_; }
  std::size_t foldedCount() const { return foldedCount_; }
  const FoldedName& folded(std::size_t index) const { return folded_[index]; }

 private:
  std::size_t remaining() const { return end_ - at_; }
  std::uint8_t peek(std::size_t ahead = 0) const { return octets_[at_ + ahead]; }
  bool pass(std::size_t count);
  bool passRest() { return pass(remaining()); }
  bool passSome() { return remaining() > 0 && passRest(); }

  bool name(FieldKind kind);
  bool names();
  bool characterString(bool (*accepts)(ByteSpan) = nullptr);
  bool characterStrings();
  bool sized(std::size_t lengthSize, std::size_t minimum);
  bool typeBitmap();
  bool nxtBitmap();
  bool gateway(bool typesBeyondAreOpaque);
  bool hostIdentity();
  bool addressPrefixes();
  bool atma();
  bool addressSuffix();
  bool location();
  bool svcParams();
  bool options();

  ByteSpan octets_;
  std::size_t start_;
  std::size_t at_;
  std::size_t end_;
  ByteWriter* out_ = nullptr;
  std::array<FoldedName, maxFoldedNames> folded_{};
  std::size_t foldedCount_ = 0;
};

// What RDATA that fits its layout still says wrong: a digest whose length is not that of its algorithm, a key where the
// algorithm says that there is none.
struct Contradiction {
  const char* problem = nullptr;  // null: nothing is wrong
  std::size_t field = 0;          // index of the field at fault

  explicit operator bool() const { return problem != nullptr; }
};

Contradiction contradiction(Type type, ByteSpan rdata);

}  // namespace taut
