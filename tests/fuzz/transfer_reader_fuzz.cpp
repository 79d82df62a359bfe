// Any messages may answer a request for a transfer: they are read to an end in bounded work, and what is given on and
// what the differences hold are records of the zone with valid RDATA.
//
// The input is one octet that says what was asked for, and messages with their lengths before them, as over TCP.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "fuzz.hpp"
#include "taut/base/bytes.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/zone/transfer_reader.hpp"
#include "taut/zone/zone_builder.hpp"

namespace transfer_reader_fuzz {

namespace {

using namespace taut;

void requireOfZone(const ZoneRecord& record, NameView zone) {
  fuzz::require(record.owner.isWithin(zone), "a record is of the zone");
  fuzz::require(validRdata(record.type, record.rdata), "the RDATA of a record is valid");
}

TransferRequest requestOf(std::uint8_t choice) {
  TransferRequest request;
  request.zone = Name("example.");
  request.id = 7;
  if ((choice & 1) != 0) {
    request.type = Type::IXFR;
    request.serial = Serial(1);
  }
  if ((choice & 2) != 0) request.transport = Transport::udp;
  return request;
}

}  // namespace

TAUT_FUZZ_TARGET(transfer_reader) {
  if (size == 0) return 0;
  const TransferRequest request = requestOf(data[0]);
  const TransferLimits limits{.octets = 1 << 20, .records = 10000};
  ZoneBuilder builder{request.zone};
  std::uint64_t given = 0;
  TransferReader reader(
      request,
      [&](const ZoneRecord& record) {
        requireOfZone(record, request.zone);
        builder.add(record.owner, record.type, record.ttl, record.rdata);
        ++given;
      },
      limits);
  ByteReader input(ByteSpan(data, size), 1);
  while (reader.progress() == TransferReader::Progress::more && input.remaining() > 2) {
    const std::size_t length = input.u16();
    reader.add(input.take(std::min(length, input.remaining())));
  }
  using Form = TransferReader::Form;
  const bool failed = reader.progress() == TransferReader::Progress::failed;
  fuzz::require(failed == !reader.error().empty(), "a failure has a reason");
  fuzz::require(failed == (reader.failure() != TransferReader::Failure::none), "a failure has a kind");
  fuzz::require(given == 0 || reader.form() == Form::whole, "only a whole zone is given on");
  fuzz::require(given <= limits.records, "what is given on is limited");
  if (reader.progress() != TransferReader::Progress::finished) return 0;
  fuzz::require(reader.form() != Form::unknown, "what has finished has a form");

  const std::vector<ZoneDifference> differences = reader.takeDifferences();
  fuzz::require(differences.empty() == (reader.form() != Form::differences),
                "differences are there where they were given");
  Serial at(1);
  for (const ZoneDifference& difference : differences) {
    fuzz::require(difference.from() == at, "a difference begins where the one before ends");
    for (const ZoneRecord& record : difference.removed()) requireOfZone(record, request.zone);
    for (const ZoneRecord& record : difference.added()) requireOfZone(record, request.zone);
    at = difference.to();
  }
  fuzz::require(differences.empty() || at == *reader.serial(), "differences lead to the serial of the answer");
  if (reader.form() == Form::whole) builder.build();
  return 0;
}

}  // namespace transfer_reader_fuzz
