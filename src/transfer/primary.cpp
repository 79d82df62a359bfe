#include "taut/transfer/primary.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "messages.hpp"
#include "taut/base/address.hpp"
#include "taut/base/random.hpp"
#include "taut/coro/current_stop_token.hpp"
#include "taut/dns/message_view.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/io/deadline.hpp"
#include "taut/net/udp_socket.hpp"
#include "taut/zone/zone_difference.hpp"

namespace taut {

namespace {

using FailureKind = PrimaryFailure::Kind;

constexpr unsigned udpTries = 2;
constexpr std::size_t datagramSize = 2048;  // octets of the largest reply over UDP; a longer one comes over TCP
constexpr std::size_t maxSoaSize = 2 * maxNameSize + 20;  // octets
// Replies that match no question, of one try. Each may be the guess of an attacker.
constexpr std::size_t maxMismatchedReplies = 3;
constexpr std::string_view tooSlow = "less than 10 KiB have come in 5 minutes";
static_assert(MessageStream::leastOctets == 10 * 1024 && MessageStream::rateTime == std::chrono::minutes(5));

Failure<PrimaryFailure> failure(FailureKind kind, const Address& server, std::string_view reason) {
  return Failure(PrimaryFailure{kind, fmt::format("{}: {}", server, reason)});
}

Failure<PrimaryFailure> failure(IoResult result, FailureKind kind, const Address& server, std::string_view doing) {
  if (result.stopped()) kind = FailureKind::stopped;
  std::string reason = result.message();
  if (result.error() == ENODATA) reason = "the connection was closed";
  if (result.error() == ETIME) reason = tooSlow;
  return failure(kind, server, fmt::format("{}: {}", doing, reason));
}

// The RCODEs of a server without EDNS for a question with it (RFC 6891 section 7). Such a reply need not be signed: all
// that it does is that EXPIRE is not asked for.
bool refusesEdns(Rcode rcode) {
  return rcode == Rcode::FORMERR || rcode == Rcode::NOTIMP;
}

detail::WantsExpire wantsExpire(bool edns) {
  return edns ? detail::WantsExpire::yes : detail::WantsExpire::no;
}

// What a reply says of the version. `view` stands behind the question.
Result<PrimaryVersion, PrimaryFailure> versionOf(MessageView& view, const Address& server, NameView zone,
                                                 Class rrClass) {
  if (view.rcode() != Rcode::NOERROR)
    return failure(FailureKind::refused, server, fmt::format("the SOA question is answered {}", view.rcode()));
  if ((view.flags() & flag::AA) == 0)
    return failure(FailureKind::refused, server, "it is not authoritative for the zone (AA is not set)");
  while (const auto record = view.nextRecord()) {
    if (record->section != Section::answer) break;
    if (record->type != Type::SOA || record->rrClass != rrClass || record->owner != zone) continue;
    std::array<std::uint8_t, maxSoaSize> rdata;
    ByteWriter out{MutableByteSpan(rdata)};
    if (!decompressRdata(Type::SOA, view.message(), record->rdataOffset, record->rdataSize, out)) break;
    return PrimaryVersion{serialOfSoa(out.written()), detail::expireOf(view.message())};
  }
  return failure(view.ok() ? FailureKind::refused : FailureKind::unusable, server,
                 view.ok() ? "it answers without the zone's SOA" : "its reply is malformed");
}

}  // namespace

Task<Result<ByteSpan, PrimaryFailure>> TransferStream::next(std::chrono::seconds idle) {
  const auto message = co_await stream_.next(idle);
  if (!message) co_return failure(message.error(), FailureKind::broken, server(), "the transfer ended early");
  if (!std::exchange(begun_, true)) expire_ = detail::expireOf(*message);
  if (!verifier_) co_return *message;
  const std::uint64_t now = detail::signingTime(*shard_);
  const auto accepted = verifier_->add(*message, now);
  if (accepted) co_return *message;
  co_return failure(FailureKind::unverified, server(), detail::describeFault(accepted.error(), *verifier_, now));
}

Primary::Primary(Shard& shard, PrimaryOptions options) : shard_(shard), options_(std::move(options)) {
  if (options_.addresses.empty()) throw std::invalid_argument("a primary needs an address");
  for (Address& address : options_.addresses)
    if (address.port() == 0) address = address.withPort(dnsPort);
}

bool Primary::isAt(const Address& host) const {
  return std::ranges::any_of(options_.addresses, [&](const Address& address) { return address.sameHost(host); });
}

// Signs the message where there is a key; what answers it is then checked by `verifier`.
std::size_t Primary::sign(MutableByteSpan buffer, std::size_t size, std::optional<TsigVerifier>& verifier) const {
  if (!options_.key) return size;
  TsigSigner signer(*options_.key);
  const std::size_t signedSize = signer.sign(buffer, size, detail::signingTime(shard_));
  verifier.emplace(*options_.key, signer.mac());
  return signedSize;
}

Task<Primary::Reply> Primary::askVersion(Name zone, Class rrClass) {
  const std::size_t count = options_.addresses.size();
  for (std::size_t i = 0;; ++i) {
    const std::size_t index = (current_ + i) % count;
    const Address server = options_.addresses[index];
    auto reply = co_await askAt(server, zone, rrClass);
    if (reply) current_ = index;
    if (reply || i + 1 == count || reply.error().kind != FailureKind::unreachable) co_return reply;
  }
}

Task<Primary::Reply> Primary::askAt(Address server, Name zone, Class rrClass) {
  const QuestionWindow::Place place(window_);
  for (unsigned tries = 0; tries < udpTries; ++tries) {
    auto reply = co_await askByUdp(server, zone, rrClass);
    if (!reply) {
      place.timedOut();
      continue;
    }
    place.answered();
    const bool final =
        *reply || reply->error().kind == FailureKind::refused || reply->error().kind == FailureKind::stopped;
    if (final) co_return std::move(*reply);
    break;
  }
  auto reply = co_await askByTcp(server, zone, rrClass);
  co_return reply;
}

// Nothing where no reply came in time. The question is asked over TCP then, and after a failure unless the reply itself
// says no.
Task<std::optional<Primary::Reply>> Primary::askByUdp(Address server, Name zone, Class rrClass) {
  const StopToken stop = co_await currentStopToken();
  auto socket = UdpSocket::connect(shard_, server);
  if (!socket) co_return failure(socket.error(), FailureKind::unreachable, server, "no question over UDP");
  const std::uint16_t id = randomU16();
  const QuestionView question{zone, Type::SOA, rrClass};
  std::array<std::uint8_t, datagramSize> buffer;
  std::optional<TsigVerifier> verifier;
  const bool edns = edns_;
  const std::size_t size = sign(buffer, detail::writeRequest(buffer, id, 0, question, wantsExpire(edns)), verifier);
  const ByteSpan request = ByteSpan(buffer).first(size);
  Deadline deadline(shard_, udpLimit, stop);
  const IoResult sent = co_await socket->send(request, deadline.token());
  for (std::size_t mismatched = 0; sent && mismatched < maxMismatchedReplies; ++mismatched) {
    const MutableByteSpan into(buffer);
    const IoResult received = co_await socket->receive(into, deadline.token());
    if (deadline.expired()) co_return std::nullopt;
    if (!received) co_return failure(received, FailureKind::unreachable, server, "no reply over UDP");
    const ByteSpan message = ByteSpan(buffer).first(received.value());
    auto view = MessageView::parse(message);
    if (!view || !detail::isReplyTo(*view, id, Opcode::QUERY, question)) continue;
    if (view->truncated()) co_return failure(FailureKind::unusable, server, "its reply over UDP is truncated");
    if (edns && refusesEdns(view->rcode())) {
      edns_ = false;
      auto again = co_await askByUdp(server, zone, rrClass);
      co_return again;
    }
    if (verifier && !verifier->add(message, detail::signingTime(shard_)))
      co_return failure(FailureKind::unverified, server, "its reply over UDP is not signed as it should be");
    // Some servers refuse over UDP what they answer over TCP.
    if (view->rcode() == Rcode::REFUSED || view->rcode() == Rcode::NOTIMP)
      co_return failure(FailureKind::unusable, server, fmt::format("it answers {} over UDP", view->rcode()));
    co_return versionOf(*view, server, zone, rrClass);
  }
  if (!sent && !deadline.expired()) co_return failure(sent, FailureKind::unreachable, server, "no question over UDP");
  co_return std::nullopt;
}

Task<Primary::Reply> Primary::askByTcp(Address server, Name zone, Class rrClass) {
  const std::uint16_t id = randomU16();
  const QuestionView question{zone, Type::SOA, rrClass};
  detail::RequestBuffer buffer;
  std::optional<TsigVerifier> verifier;
  const bool edns = edns_;
  const std::size_t size = sign(buffer, detail::writeRequest(buffer, id, 0, question, wantsExpire(edns)), verifier);
  auto stream = co_await MessageStream::connect(shard_, server, connectLimit);
  if (!stream) co_return failure(stream.error(), FailureKind::unreachable, server, "no reply over UDP, no connection");
  const ByteSpan request = ByteSpan(buffer).first(size);
  const IoResult sent = co_await stream->send(request);
  if (!sent) co_return failure(sent, FailureKind::broken, server, "the SOA question over TCP");
  const auto message = co_await stream->next(replyLimit);
  if (!message)
    co_return failure(message.error(), FailureKind::broken, server, "no reply to the SOA question over TCP");
  auto view = MessageView::parse(*message);
  if (!view || !detail::isReplyTo(*view, id, Opcode::QUERY, question))
    co_return failure(FailureKind::unusable, server, "what it answers over TCP is no reply to the SOA question");
  if (edns && refusesEdns(view->rcode())) {
    edns_ = false;
    auto again = co_await askByTcp(server, zone, rrClass);
    co_return again;
  }
  const std::uint64_t now = detail::signingTime(shard_);
  if (verifier)
    if (const auto accepted = verifier->add(*message, now); !accepted)
      co_return failure(FailureKind::unverified, server, detail::describeFault(accepted.error(), *verifier, now));
  co_return versionOf(*view, server, zone, rrClass);
}

Task<Result<Rcode, PrimaryFailure>> Primary::forward(ByteSpan message, const TsigKey* key) {
  const std::size_t count = options_.addresses.size();
  for (std::size_t i = 0;; ++i) {
    const Address server = options_.addresses[(current_ + i) % count];
    auto reply = co_await forwardTo(server, message, key);
    if (reply || i + 1 == count || reply.error().kind != FailureKind::unreachable) co_return reply;
  }
}

Task<Result<Rcode, PrimaryFailure>> Primary::forwardTo(Address server, ByteSpan message, const TsigKey* key) {
  std::vector<std::uint8_t> sent(message.begin(), message.end());
  storeU16(sent.data(), randomU16());
  auto stream = co_await MessageStream::connect(shard_, server, connectLimit);
  if (!stream) co_return failure(stream.error(), FailureKind::unreachable, server, "no connection");
  const ByteSpan octets(sent);
  const IoResult written = co_await stream->send(octets);
  if (!written) co_return failure(written, FailureKind::broken, server, "the message was sent in part");
  const auto reply = co_await stream->next(replyLimit);
  if (!reply) co_return failure(reply.error(), FailureKind::broken, server, "no reply");
  co_return outcomeOf(*reply, server, octets, key);
}

// The client that gets a reply of ours believes that it is the primary's: what nobody has signed is not passed on.
Result<Rcode, PrimaryFailure> Primary::outcomeOf(ByteSpan reply, const Address& server, ByteSpan request,
                                                 const TsigKey* key) const {
  const auto view = MessageView::parse(reply);
  const bool isReply = view && view->id() == loadU16(request.data()) && (view->flags() & flag::QR) != 0 &&
                       ((view->flags() ^ loadU16(request.data() + 2)) & flag::opcodeMask) == 0;
  if (!isReply) return failure(FailureKind::unusable, server, "what it answers is no reply to the message");
  if (!key) return view->rcode();
  TsigVerifier verifier(*key, findTsig(request).record.mac);
  const std::uint64_t now = detail::signingTime(shard_);
  if (const auto accepted = verifier.add(reply, now); !accepted)
    return failure(FailureKind::unverified, server, detail::describeFault(accepted.error(), verifier, now));
  return view->rcode();
}

Task<Result<TransferStream, PrimaryFailure>> Primary::request(Name zone, Class rrClass, std::uint16_t id,
                                                              std::optional<RRset> soa) {
  const QuestionView question{zone, soa ? Type::IXFR : Type::AXFR, rrClass};
  detail::RequestBuffer buffer;
  std::optional<TsigVerifier> verifier;
  const std::size_t size = sign(
      buffer, detail::writeRequest(buffer, id, 0, question, wantsExpire(edns_), Section::authority, soa), verifier);
  const ByteSpan message = ByteSpan(buffer).first(size);
  const std::size_t count = options_.addresses.size();
  for (std::size_t i = 0;; ++i) {
    const std::size_t index = (current_ + i) % count;
    const Address server = options_.addresses[index];
    auto stream = co_await requestAt(server, message, verifier);
    if (stream) current_ = index;
    if (stream || i + 1 == count || stream.error().kind != FailureKind::unreachable) co_return stream;
  }
}

Task<Result<TransferStream, PrimaryFailure>> Primary::requestAt(Address server, ByteSpan message,
                                                                std::optional<TsigVerifier>& verifier) {
  auto stream = co_await MessageStream::connect(shard_, server, connectLimit);
  if (!stream) co_return failure(stream.error(), FailureKind::unreachable, server, "no connection");
  const IoResult sent = co_await stream->send(message);
  if (!sent) co_return failure(sent, FailureKind::broken, server, "the request for a transfer");
  TransferStream transfer(std::move(*stream), shard_);
  transfer.key_ = options_.key;
  transfer.verifier_ = std::move(verifier);
  co_return transfer;
}

}  // namespace taut
