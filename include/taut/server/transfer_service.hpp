// Answers requests for zone transfers: whole zones (RFC 5936) and the differences between versions (RFC 1995).
//
// A transfer is a coroutine that waits while its client does not read. It keeps the version of the zone that it began
// with, however often the zone is replaced meanwhile, and takes 32 KiB beside what its connection has not sent yet. A
// turn of the shard's loop writes a bounded number of messages of all transfers, so that queries wait little.
//
// | request | answer |
// |---|---|
// | AXFR over UDP | NOTIMP (RFC 5936 section 4.2 leaves it undefined) |
// | a zone that is not served | NOTAUTH |
// | a client that may not | REFUSED, extended error 18 |
// | a zone that is not loaded | SERVFAIL, extended error 14 |
// | IXFR without the client's SOA | FORMERR |
// | IXFR of a client whose serial is not older | the SOA alone (RFC 1995 section 2) |
// | IXFR from a version of which the differences are not kept | the whole zone; over UDP the SOA alone |
// | IXFR over UDP that does not fit | the SOA alone |
// | too many transfers at once | SERVFAIL, extended error 0 |
//
// Where a channel takes one message only, such as a reply over HTTP, answers are those over UDP.
//
// One object for each shard, used on its thread.
#pragma once

#include <memory>
#include <optional>

#include "taut/base/bytes.hpp"
#include "taut/coro/task.hpp"
#include "taut/dns/answer.hpp"
#include "taut/dns/query.hpp"
#include "taut/dns/serial.hpp"
#include "taut/io/shard.hpp"
#include "taut/io/turn_limit.hpp"
#include "taut/resolver/resolver.hpp"
#include "taut/server/reply_channel.hpp"
#include "taut/server/responder.hpp"
#include "taut/server/server_counters.hpp"
#include "taut/server/transfer_settings.hpp"

namespace taut {

class TransferService {
 public:
  // All of these outlive it. The settings are never null.
  TransferService(Shard& shard, Responder& responder, ServerCounters& counters,
                  std::shared_ptr<const TransferSettings> settings);

  // Transfers that are under way go on.
  void setSettings(std::shared_ptr<const TransferSettings> settings) { settings_ = std::move(settings); }

  // Answers a query of type AXFR or IXFR about this zone, which is null where it is not served. No reply where the
  // messages have been written into the channel.
  Task<std::optional<Answer>> answer(const Query& query, ReplyChannel& channel, ServedZone served);

 private:
  struct Transfer;

  static constexpr std::size_t messagesPerTurn = 4;

  std::optional<Answer> refusal(const Query& query, const ReplyChannel& channel, const ServedZone& served);
  Answer upToDate(const Query& query, const Zone& zone);
  Answer soaOf(const Query& query, const Zone& zone) const;
  Task<std::optional<Answer>> answerIncremental(const Query& query, ReplyChannel& channel, ServedZone served);
  bool writeOneMessage(const Query& query, Transfer& transfer, MutableByteSpan buffer) const;
  Task<std::optional<Answer>> send(const Query& query, ReplyChannel& channel, std::unique_ptr<Transfer> transfer);
  Task<std::optional<Answer>> begin(const Query& query, ReplyChannel& channel, std::unique_ptr<Transfer> transfer);
  Task<std::optional<Answer>> write(const Query& query, ReplyChannel& channel, std::unique_ptr<Transfer> transfer);
  std::optional<Answer> end(const Query& query, ReplyChannel& channel, const Transfer& transfer);
  void count(const Transfer& transfer);

  Shard& shard_;
  Responder& responder_;
  ServerCounters& counters_;
  std::shared_ptr<const TransferSettings> settings_;
  TurnLimit turns_{shard_, messagesPerTurn};
};

}  // namespace taut
