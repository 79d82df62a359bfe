// Prints RDATA that fits its layout, word by word on one line.
#pragma once

#include <string_view>

#include <fmt/format.h>

#include "presentation.hpp"
#include "taut/base/bytes.hpp"
#include "taut/base/format.hpp"
#include "taut/dns/rdata/field.hpp"

namespace taut {

class RdataPrinter {
 public:
  RdataPrinter(ByteSpan rdata, fmt::memory_buffer& out) : rdata_(rdata), reader_(rdata), out_(out) {}

  bool all(const RdataLayout& layout);  // false where no text expresses the octets; what was written is void then

  // For the kinds: the octets after the fields that were printed, and the text.
  ByteReader& reader() { return reader_; }
  ByteSpan rest() const { return rdata_.subspan(reader_.position()); }
  std::uint8_t printed(std::size_t offset) const { return rdata_[offset]; }
  fmt::memory_buffer& beginWord() {
    if (!isFirst_) out_.push_back(' ');
    isFirst_ = false;
    return out_;
  }

  // Each of these prints one word and returns true.
  template <class Value>
  bool word(const Value& value) {
    appendFormat(beginWord(), "{}", value);
    return true;
  }
  bool text(ByteSpan octets);  // in quotes
  bool name();                 // false where there is none

 private:
  ByteSpan rdata_;
  ByteReader reader_;
  fmt::memory_buffer& out_;
  bool isFirst_ = true;
};

}  // namespace taut
