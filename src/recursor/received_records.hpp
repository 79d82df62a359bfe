// All records of a received message of class IN, read once, so that they can be looked through several times. Owners
// are uncompressed; RDATA stays in the message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "taut/base/bytes.hpp"
#include "taut/base/local_pool.hpp"
#include "taut/dns/message_view.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/type.hpp"

namespace taut::detail {

struct ReceivedRecord {
  std::uint32_t ownerOffset = 0;
  std::uint32_t ttl = 0;  // seconds
  std::uint32_t rdataOffset = 0;
  std::uint16_t rdataSize = 0;
  Type type{};
  Type covered{};  // of an RRSIG the type that it covers (RFC 4034 section 3.1.1), else the type itself
  Section section{};
  std::uint8_t ownerSize = 0;
};

class ReceivedRecords {
 public:
  enum class Outcome : std::uint8_t { read, malformed, tooLarge };

  // Reads the message to its end. Octets after the last record are ignored, as in queries.
  Outcome read(MessageView view);

  ByteSpan message() const { return message_; }
  std::uint16_t flags() const { return flags_; }
  Rcode rcode() const { return rcode_; }  // with the upper bits, which OPT has (RFC 6891 section 6.1.3)

  std::span<const ReceivedRecord> records() const { return records_; }
  NameView owner(const ReceivedRecord& record) const {
    return NameView::trusted(owners_.data() + record.ownerOffset, record.ownerSize);
  }

 private:
  bool readOpt(const Record& record);
  void add(const Record& record);

  ByteSpan message_;
  std::uint16_t flags_ = 0;
  Rcode rcode_{};
  bool edns_ = false;
  std::vector<ReceivedRecord, LocalAllocator<ReceivedRecord>> records_;
  LocalBytes owners_;
};

}  // namespace taut::detail
