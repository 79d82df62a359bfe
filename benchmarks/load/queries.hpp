// The questions of a load, in wire form and in the order of their file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "taut/base/bytes.hpp"

namespace taut {

class QueryList {
 public:
  // Reads a file with a question on each line, as dnsperf reads it: NAME TYPE. A third word "DO" asks for signatures,
  // "EDNS" for EDNS without them. Throws std::runtime_error where a line is not a question or there is none.
  explicit QueryList(const std::string& path);

  std::size_t size() const { return starts_.size() - 1; }
  // The message, with 0 as its ID.
  ByteSpan operator[](std::size_t index) const {
    return ByteSpan(octets_).subspan(starts_[index], starts_[index + 1] - starts_[index]);
  }
  // The next one in turn, from the first again after the last.
  ByteSpan next() {
    const ByteSpan query = (*this)[next_];
    if (++next_ == size()) next_ = 0;
    return query;
  }

 private:
  void add(const std::string& line);

  std::vector<std::uint8_t> octets_;
  std::vector<std::size_t> starts_{0};
  std::size_t next_ = 0;
};

}  // namespace taut
