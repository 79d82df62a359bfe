// Any octets may be in a file that is opened as a journal: it is refused, or what is found in it is a chain of
// differences of the zone, and the next difference can be appended and found.
//
// The first octet says what the input is: even, the file itself; odd, frames with their lengths before them, which get
// a header and right checksums.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.hpp"
#include "taut/base/bytes.hpp"
#include "taut/base/unique_fd.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/zone/zone_journal.hpp"
#include "zone/journal_format.hpp"

namespace zone_journal_fuzz {

namespace {

using namespace taut;
using detail::FrameHead;

const Name origin("example.");
constexpr ZoneJournal::Seconds noon{std::chrono::seconds(1'790'000'000)};

std::vector<std::uint8_t> sealedFrames(ByteSpan input) {
  std::vector<std::uint8_t> file = detail::journalHeader(origin, Class::IN);
  ByteReader reader(input);
  while (reader.remaining() > 2) {
    const std::size_t size = reader.u16();
    const ByteSpan octets = reader.take(std::min(size, reader.remaining()));
    std::vector<std::uint8_t> frame(octets.begin(), octets.end());
    if (frame.size() >= FrameHead::size) {
      storeU32(frame.data(), static_cast<std::uint32_t>(frame.size()));
      detail::sealFrame(frame);
    }
    file.insert(file.end(), frame.begin(), frame.end());
  }
  return file;
}

RecordList soaOf(std::uint32_t serial) {
  std::vector<std::uint8_t> rdata(leastSoaSize);
  storeU32(rdata.data() + 2, serial);
  RecordList list;
  list.add({origin, Type::SOA, 60, rdata});
  return list;
}

void requireOfZone(const RecordList& list) {
  for (const ZoneRecord& record : list) {
    fuzz::require(record.owner.isWithin(origin), "a record is of the zone");
    fuzz::require(validRdata(record.type, record.rdata), "the RDATA of a record is valid");
  }
}

}  // namespace

TAUT_FUZZ_TARGET(zone_journal) {
  if (size == 0) return 0;
  const ByteSpan input(data + 1, size - 1);
  const std::vector<std::uint8_t> octets =
      data[0] % 2 == 0 ? std::vector<std::uint8_t>(input.begin(), input.end()) : sealedFrames(input);
  const UniqueFd file(::memfd_create("journal", MFD_CLOEXEC));
  fuzz::require(file && ::write(file.get(), octets.data(), octets.size()) == static_cast<ssize_t>(octets.size()),
                "there is memory for a file");
  // The file is in no folder: it has room for all that is appended, so that no other one takes its place.
  const auto journal =
      ZoneJournal::open(fmt::format("/proc/self/fd/{}", file.get()), origin, Class::IN, {.octets = 1 << 24});
  if (!journal.ok()) {
    fuzz::require(!journal.error().empty(), "a refusal has a reason");
    return 0;
  }
  const auto entries = (*journal)->entries();
  fuzz::require((*journal)->octets() + (*journal)->lostOctets() == octets.size(), "each octet is kept or lost");
  for (const auto& entry : entries) {
    Serial at = entry.from;
    for (const auto& difference : (*journal)->find(entry.from)) {
      fuzz::require(difference->from() == at, "a difference begins where the one before ends");
      requireOfZone(difference->removed());
      requireOfZone(difference->added());
      at = difference->to();
    }
    fuzz::require(at == entry.from || at == *(*journal)->last(), "differences lead to the last version");
  }
  if (entries.size() >= ZoneJournal::Limits().differences) return 0;
  const Serial last = entries.empty() ? Serial(1) : entries.back().to;
  const ZoneDifference next(soaOf(last.value()), soaOf(last.value() + 1));
  fuzz::require((*journal)->append(next, noon).ok(), "the next difference is appended");
  fuzz::require((*journal)->find(last).size() == 1, "the last difference is found");
  return 0;
}

}  // namespace zone_journal_fuzz
