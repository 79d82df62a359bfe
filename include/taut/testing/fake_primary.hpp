// A primary on loopback that serves a zone and answers as a test tells it: over UDP and TCP, with a key or without.
//
//   testing::FakePrimary primary(shard);
//   primary.serve(R"(example. 300 SOA ns mail 1 3600 600 86400 300
//   example. 300 NS ns.example.)");
//   primary.onQuestion = [&](const Query& query) -> std::optional<testing::FakePrimary::Reply> {
//     if (query.type() == Type::IXFR) return primary.error(query, Rcode::NOTIMP);
//     return std::nullopt;  // as a primary does
//   };
//   scope.spawn(primary.run(), scope.token());
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "taut/base/address.hpp"
#include "taut/base/bytes.hpp"
#include "taut/coro/current_stop_token.hpp"
#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/dns/answer.hpp"
#include "taut/dns/query.hpp"
#include "taut/dns/reply.hpp"
#include "taut/dns/reply_builder.hpp"
#include "taut/dns/tsig.hpp"
#include "taut/io/shard.hpp"
#include "taut/io/sleep.hpp"
#include "taut/net/tcp_listener.hpp"
#include "taut/net/udp_socket.hpp"
#include "taut/zone/difference_between.hpp"
#include "taut/zone/record_list.hpp"
#include "taut/zone/transfer_writer.hpp"
#include "taut/zone/zone.hpp"
#include "taut/zone/zone_file.hpp"

namespace taut::testing {

class FakePrimary {
 public:
  using Message = std::vector<std::uint8_t>;

  // What a question is answered with; without messages it is not answered.
  struct Reply {
    std::vector<Message> messages{};
    bool close = false;  // the connection, after them
    Duration pause{};    // before each message
  };

  // Which messages of an answer to a signed request are signed.
  enum class Signed : std::uint8_t { all, allButLast, none };

  struct Asked {
    Type type{};
    Transport transport{};
    Opcode opcode{};
    TimePoint at{};
  };

  // On a port of the system's choice.
  explicit FakePrimary(Shard& shard, std::shared_ptr<const TsigKey> key = {}, Address host = Address::loopbackV4())
      : shard_(shard), buffers_(shard, 64, 4096) {
    if (key) keys_ = KeyRing({*key});
    open(host);
  }

  const Address& address() const { return address_; }

  // A version of the zone, as master-file text, whose ZONEMD need not match. Differences lead to it from the one
  // before.
  void serve(std::string_view text) {
    ZoneLoadOptions options;
    options.checks.verifyZonemd = false;
    auto load = parseZone(text, std::nullopt, options);
    if (!load.zone) throw std::invalid_argument(load.firstError());
    before_ = std::exchange(zone_, std::move(load.zone));
  }

  // Asked before it answers as a primary does; nothing means that.
  std::function<std::optional<Reply>(const Query& query)> onQuestion;
  Signed signs = Signed::all;
  bool silentOverUdp = false;
  bool knowsEdns = true;                // or a request with OPT is FORMERR
  std::optional<std::uint32_t> expire;  // seconds, for those who ask for the EXPIRE option
  std::chrono::seconds clockIsAhead{0};

  // All that was asked, in order.
  std::vector<Asked> asked;
  std::size_t count(Type type, std::optional<Transport> transport = std::nullopt) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        asked, [&](const Asked& one) { return one.type == type && (!transport || one.transport == *transport); }));
  }

  // Serves until the token of the task stops.
  Task<> run() {
    const StopToken stop = co_await currentStopToken();
    TaskScope scope(stop);
    scope.spawn(serveUdp(scope.token()), scope.token());
    scope.spawn(serveTcp(scope.token()), scope.token());
    co_await scope.join();
  }

  // Replies to make others of.
  Reply error(const Query& query, Rcode rcode) const { return {{serialise(query, Answer(rcode))}}; }
  Reply soa(const Query& query) const {
    Answer answer;
    answer.setAuthoritative(true);
    answer.borrowRRset(Section::answer, zone_->soa().data);
    return {{serialise(query, answer)}};
  }
  Reply whole(const Query& query) const {
    TransferWriter writer(replyTo(query), zone_);
    return written(writer, query);
  }
  Reply differences(const Query& query) const {
    auto difference = differenceBetween(*before_, *zone_, SIZE_MAX);
    std::vector<std::shared_ptr<const ZoneDifference>> all = {
        std::make_shared<const ZoneDifference>(std::move(*difference))};
    TransferWriter writer(replyTo(query), zone_, std::move(all));
    return written(writer, query);
  }
  // One message with these records in the answer section, in this order.
  static Message message(const Query& query, const std::vector<ZoneRecord>& records) {
    Message octets(maxMessageSize);
    ReplyBuilder builder(octets, octets.size());
    builder.begin(query.id(), flag::QR | flag::AA);
    builder.putQuestion(query.question());
    std::deque<Message> kept;  // whose names the builder refers to
    for (const ZoneRecord& record : records) {
      Message& rdata = kept.emplace_back(2);
      storeU16(rdata.data(), static_cast<std::uint16_t>(record.rdata.size()));
      rdata.insert(rdata.end(), record.rdata.begin(), record.rdata.end());
      builder.put(Section::answer, {record.owner, rdata.data(), record.ttl, record.type, Class::IN, 1});
    }
    octets.resize(builder.finish());
    return octets;
  }

 private:
  static constexpr std::size_t writtenSize = maxMessageSize - 512;  // octets; a TSIG has room beside them

  void open(const Address& host) {
    for (int attempt = 0; attempt < 100; ++attempt) {
      listener_.emplace(TcpListener::bind(shard_, host));
      address_ = listener_->localAddress();
      try {
        socket_.emplace(UdpSocket::bind(shard_, address_));
        return;
      } catch (const std::system_error&) {  // the port is taken over UDP
      }
    }
    throw std::runtime_error("no port is free for both UDP and TCP");
  }

  Message serialise(const Query& query, const Answer& answer) const {
    Message reply(maxMessageSize);
    const Message option = expireOption(query);
    ReplyOptions options;
    options.ednsOptions = option;
    reply.resize(writeReply(query, answer, options, reply));
    return reply;
  }
  Message expireOption(const Query& query) const {
    if (!expire || !query.edns() || !query.edns()->expire) return {};
    Message option = {0, 9, 0, 4, 0, 0, 0, 0};
    storeU32(option.data() + 4, *expire);
    return option;
  }
  static TransferWriter::Reply replyTo(const Query& query) {
    return {query.id(), flag::QR | flag::AA, query.question()};
  }
  Reply written(TransferWriter& writer, const Query& query) const {
    Reply reply;
    Message buffer(writtenSize);
    Message opt = expireOption(query);
    if (!opt.empty()) opt.insert(opt.begin(), {0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 8});
    while (const std::size_t size = writer.next(buffer, opt))
      reply.messages.emplace_back(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size));
    return reply;
  }

  Reply answer(const Query& query) const {
    if (!knowsEdns && query.edns()) return error(query, Rcode::FORMERR);
    if (onQuestion)
      if (auto told = onQuestion(query)) return std::move(*told);
    if (!zone_) return error(query, Rcode::REFUSED);
    switch (query.type()) {
      case Type::SOA:
        return soa(query);
      case Type::AXFR:
        return whole(query);
      case Type::IXFR:
        return before_ ? differences(query) : whole(query);
      default:
        return error(query, Rcode::REFUSED);
    }
  }

  // The reply, signed where there is a key; without a good signature of the request it says no.
  Reply answerSigned(const Query& query, ByteSpan request) const {
    if (keys_.empty()) return answer(query);
    const auto time = std::chrono::floor<std::chrono::seconds>(shard_.clock().wallTime()) + clockIsAhead;
    const auto now = static_cast<std::uint64_t>(time.time_since_epoch().count());
    const TsigRequest tsig = checkTsig(request, keys_, now);
    Reply reply = tsig.isGood() ? answer(query) : error(query, Rcode::NOTAUTH);
    if (tsig.malformed) return reply;
    TsigSigner signer(tsig);
    for (std::size_t i = 0; i < reply.messages.size(); ++i) {
      const bool last = i + 1 == reply.messages.size();
      if (signs == Signed::none || (signs == Signed::allButLast && last)) continue;
      Message& message = reply.messages[i];
      const std::size_t size = message.size();
      message.resize(size + signer.room());
      message.resize(signer.sign(message, size, now));
    }
    return reply;
  }

  void note(const Query& query, Transport transport) {
    asked.push_back({query.type(), transport, query.opcode(), shard_.now()});
  }

  Task<> serveUdp(StopToken stop) {
    auto datagrams = socket_->receiveMany(buffers_, stop);
    while (auto datagram = co_await datagrams.next()) {
      const auto query = Query::parse(datagram->payload(), {datagram->peer(), Transport::udp});
      if (!query) continue;
      note(*query, Transport::udp);
      if (silentOverUdp) continue;
      const Reply reply = answerSigned(*query, datagram->payload());
      for (const Message& message : reply.messages) {
        const ByteSpan octets(message);
        const Address peer = datagram->peer();
        co_await socket_->sendTo(octets, peer);
      }
    }
  }

  Task<> serveTcp(StopToken stop) {
    TaskScope connections(stop);
    auto accepted = listener_->acceptMany(stop);
    while (auto stream = co_await accepted.next())
      connections.spawn(serveStream(std::move(*stream)), connections.token());
    co_await connections.join();
  }

  Task<> serveStream(TcpStream stream) {
    for (;;) {
      std::array<std::uint8_t, 2> length;
      const MutableByteSpan intoLength(length);
      const IoResult first = co_await stream.readExactly(intoLength);
      if (first.value() != length.size()) co_return;
      Message request(loadU16(length.data()));
      const MutableByteSpan intoRequest(request);
      const IoResult rest = co_await stream.readExactly(intoRequest);
      if (rest.value() != request.size()) co_return;
      const auto query = Query::parse(request, {stream.peer(), Transport::tcp});
      if (!query) co_return;
      note(*query, Transport::tcp);
      const Reply reply = answerSigned(*query, request);
      for (const Message& message : reply.messages) {
        if (reply.pause > Duration::zero()) {
          const bool waited = co_await sleepFor(shard_, reply.pause);
          if (!waited) co_return;
        }
        storeU16(length.data(), static_cast<std::uint16_t>(message.size()));
        const ByteSpan head(length);
        const ByteSpan body(message);
        const IoResult sent = co_await stream.writeAll(head, body);
        if (!sent) co_return;
      }
      if (reply.close) co_return;
    }
  }

  Shard& shard_;
  DatagramBuffers buffers_;
  KeyRing keys_;
  std::optional<TcpListener> listener_;
  std::optional<UdpSocket> socket_;
  Address address_;
  std::shared_ptr<const Zone> zone_;
  std::shared_ptr<const Zone> before_;
};

}  // namespace taut::testing
