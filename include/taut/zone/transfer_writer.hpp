// Writes the answer to a request for a zone transfer, message by message: a whole zone (RFC 5936) or the differences to
// it (RFC 1995 section 4). It does no I/O, and asks for no memory while it writes.
//
//   TransferWriter writer(reply, zone);
//   while (const std::size_t size = writer.next(buffer)) send(buffer.first(size));
//
// All messages are of the one version that it was made with. A message is filled up to 16 KiB, where every name in it
// can be pointed at, and is larger only for a record that does not fit into so many octets. Each has the question.
// Names are compressed where they are equal with their case, so that the secondary's names have the case of this zone's
// (RFC 5936 section 3.4).
//
// A whole zone is the SOA, all other records as the zone has them, those below zone cuts too, which may be glue or
// occluded (RFC 5936 sections 3.2 and 3.5), and the SOA again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

#include "taut/base/bytes.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/question.hpp"
#include "taut/dns/type.hpp"
#include "taut/zone/record_list.hpp"
#include "taut/zone/written_names.hpp"
#include "taut/zone/zone.hpp"
#include "taut/zone/zone_cursor.hpp"
#include "taut/zone/zone_difference.hpp"

namespace taut {

class TransferWriter {
 public:
  static constexpr std::size_t usualSize = 16 * 1024;

  // What all messages have in common. `flags` is the header's second word.
  struct Reply {
    std::uint16_t id = 0;
    std::uint16_t flags = 0;
    Question question;
  };

  // Of the differences that lead to this version of the zone, each beginning where the one before ends; where there are
  // none, of the whole zone. The zone is loaded.
  TransferWriter(const Reply& reply, std::shared_ptr<const Zone> zone,
                 std::vector<std::shared_ptr<const ZoneDifference>> differences = {});
  TransferWriter(const TransferWriter&) = delete;
  TransferWriter& operator=(const TransferWriter&) = delete;

  // Writes the next message and returns its size; 0 after the last one, and where `isStuck`. The buffer has room for
  // 512 octets at least: what is to be added to the message, such as a TSIG, is cut off it before. `opt` is an OPT
  // record, or nothing.
  std::size_t next(MutableByteSpan buffer, ByteSpan opt = {});

  bool isIncremental() const { return !differences_.empty(); }

  // All messages have been written.
  bool isFinished() const;
  // The next record fits into no message of the buffer's size.
  bool isStuck() const { return stuck_; }

  std::uint64_t records() const { return records_; }  // in the messages so far

 private:
  using Cursor = std::variant<detail::ZoneCursor, detail::DifferenceCursor>;

  void begin(MutableByteSpan buffer);
  template <class Source>
  std::size_t fill(Source& source, MutableByteSpan buffer, ByteSpan opt);
  bool put(const ZoneRecord& record);
  bool putName(NameView name);
  bool putOctets(ByteSpan octets);
  bool putOwner(NameView owner);
  bool putRdata(Type type, ByteSpan rdata);
  std::size_t finish(std::size_t answers, ByteSpan opt);

  Reply reply_;
  std::shared_ptr<const Zone> zone_;
  std::vector<std::shared_ptr<const ZoneDifference>> differences_;
  Cursor cursor_;
  std::uint64_t records_ = 0;
  bool stuck_ = false;

  // The message that is being written.
  std::uint8_t* message_ = nullptr;
  std::size_t size_ = 0;
  std::size_t limit_ = 0;
  NameView owner_;           // of the record before
  std::size_t ownerAt_ = 0;  // where it can be pointed at; 0: nowhere
  detail::WrittenNames names_;
};

}  // namespace taut
