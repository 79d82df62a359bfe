#include "zone_lookup.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "taut/base/random.hpp"
#include "taut/client/client.hpp"
#include "taut/transfer/primary.hpp"
#include "taut/zone/transfer_reader.hpp"

namespace taut::detail {

namespace {

using Progress = TransferReader::Progress;

LookupStatus statusOf(PrimaryFailure::Kind kind) {
  switch (kind) {
    case PrimaryFailure::Kind::stopped:
      return LookupStatus::stopped;
    case PrimaryFailure::Kind::unreachable:
    case PrimaryFailure::Kind::broken:
      return LookupStatus::noReply;
    default:
      return LookupStatus::failed;
  }
}

void fail(Lookup<LookupRecord>& found, LookupStatus status, Rcode rcode, std::string reason) {
  found.records.clear();
  found.status = status;
  found.rcode = rcode;
  found.extendedErrorText = std::move(reason);
}

}  // namespace

Task<> lookUpZone(Shard& shard, Address server, const TsigKey* key, Lookup<LookupRecord>& found) {
  PrimaryOptions options;
  options.addresses = {server};
  if (key != nullptr) options.key = std::shared_ptr<const TsigKey>(std::shared_ptr<const TsigKey>(), key);
  Primary primary(shard, std::move(options));
  TransferRequest request;
  request.zone = found.name;
  request.id = randomU16();
  TransferLimits limits;
  limits.octets = maxLookupZoneSize;
  limits.records = maxLookupZoneSize / sizeof(LookupRecord);
  TransferReader reader(
      request,
      [&found](const ZoneRecord& record) {
        found.records.emplace_back(record.owner, record.type, record.ttl, record.rdata);
        found.ttl = std::min(found.ttl, std::chrono::seconds(record.ttl));
      },
      limits);
  auto stream = co_await primary.request(request.zone, request.rrClass, request.id, std::nullopt);
  if (!stream) co_return fail(found, statusOf(stream.error().kind), Rcode::SERVFAIL, stream.error().reason);
  while (reader.progress() == Progress::more) {
    const auto message = co_await stream->next(Primary::idleLimit);
    if (!message) co_return fail(found, statusOf(message.error().kind), Rcode::SERVFAIL, message.error().reason);
    reader.add(*message);
  }
  if (reader.progress() == Progress::failed) {
    const bool said = reader.failure() == TransferReader::Failure::rcode;
    co_return fail(found, LookupStatus::failed, said ? reader.rcode() : Rcode::SERVFAIL, reader.error());
  }
  if (!stream->isProved())
    co_return fail(found, LookupStatus::failed, Rcode::SERVFAIL, "the last message of the transfer is not signed");
  found.status = LookupStatus::found;
}

}  // namespace taut::detail
