// A server on loopback whose replies a test makes, and what it was asked.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "taut/base/address.hpp"
#include "taut/base/bytes.hpp"
#include "taut/base/clock.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/dns/answer.hpp"
#include "taut/dns/query.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/dns/reply.hpp"
#include "taut/io/shard.hpp"
#include "taut/io/sleep.hpp"
#include "taut/net/tcp_listener.hpp"
#include "taut/net/udp_socket.hpp"

namespace taut {

using Bytes = std::vector<std::uint8_t>;
using Replies = std::vector<Bytes>;

inline Bytes serialise(const Query& query, const Answer& answer) {
  Bytes reply(65535);
  reply.resize(writeReply(query, answer, {}, reply));
  return reply;
}

inline Bytes address(const Query& query, std::uint8_t last = 1) {
  Answer answer;
  answer.add(query.name(), std::chrono::seconds(60), rdata::A(192, 0, 2, last));
  return serialise(query, answer);
}

inline Bytes error(const Query& query, Rcode rcode) {
  return serialise(query, Answer(rcode));
}

inline Bytes truncated(const Query& query) {
  Bytes reply = serialise(query, Answer());
  reply[2] |= 0x02;
  return reply;
}

// What an upstream was asked, when, and from where.
struct Asked {
  std::string question;
  Address from;
  std::uint16_t id;
  std::optional<std::uint16_t> ednsSize;
  bool dnssecOk;
  bool checkingDisabled;
  bool recursionDesired;
  Cookie cookie;
  std::chrono::seconds at;
};

// A server on loopback whose replies the test makes.
class ScriptedUpstream {
 public:
  using Script = std::function<Replies(const Query&)>;

  ScriptedUpstream(Shard& shard, ManualClock& clock, Script overUdp, Script overTcp = {},
                   Address host = Address::loopbackV4())
      : shard_(shard),
        clock_(clock),
        udpScript_(std::move(overUdp)),
        tcpScript_(std::move(overTcp)),
        buffers_(shard, 64, 4096) {
    open(host);
  }

  Address where() const { return socket_->localAddress(); }

  Task<> serveUdp(StopToken stop) {
    auto datagrams = socket_->receiveMany(buffers_, stop);
    while (auto datagram = co_await datagrams.next()) {
      const auto query = Query::parse(datagram->payload(), {datagram->peer(), Transport::udp});
      note(*query, udp);
      const Replies replies = udpScript_ ? udpScript_(*query) : Replies();
      if (delay != std::chrono::milliseconds(0)) co_await sleepFor(shard_, delay, stop);
      for (const Bytes& reply : replies) {
        const ByteSpan bytes(reply);
        const Address peer = datagram->peer();
        co_await socket_->sendTo(bytes, peer);
      }
    }
  }

  Task<> serveTcp(StopToken stop) {
    TaskScope streams(stop);
    auto accepted = listener_->acceptMany(stop);
    while (auto stream = co_await accepted.next()) streams.spawn(serveStream(std::move(*stream), stop));
    co_await streams.join();
  }

  std::size_t connections = 0;
  std::size_t ended = 0;  // connections
  std::vector<Asked> udp;
  std::vector<Asked> tcp;
  std::chrono::milliseconds delay{0};      // of each reply over UDP
  bool keepsConnections = false;           // more than one query may come on each
  std::optional<std::uint16_t> announced;  // the length before each reply over TCP, in place of the true one

 private:
  void open(Address host) {
    for (int attempt = 0; attempt < 100; ++attempt) {
      listener_.emplace(TcpListener::bind(shard_, host));
      try {
        socket_.emplace(UdpSocket::bind(shard_, listener_->localAddress()));
        return;
      } catch (const std::system_error&) {  // the port is taken over UDP
      }
    }
    throw std::runtime_error("no port is free for both UDP and TCP");
  }

  Task<> serveStream(TcpStream stream, StopToken stop) {
    ++connections;
    for (bool more = true; more; more = more && keepsConnections) {
      const bool served = co_await serveOne(stream, stop);
      more = served;
    }
    ++ended;
  }

  // False where the stream has ended.
  Task<bool> serveOne(TcpStream& stream, StopToken stop) {
    std::array<std::uint8_t, 2> length;
    const MutableByteSpan intoLength(length);
    const IoResult first = co_await stream.readExactly(intoLength, stop);
    if (first.value() != 2) co_return false;
    Bytes message(loadU16(length.data()));
    const MutableByteSpan intoMessage(message);
    const IoResult rest = co_await stream.readExactly(intoMessage, stop);
    if (rest.value() != message.size()) co_return false;
    const auto query = Query::parse(message, {stream.peer(), Transport::tcp});
    note(*query, tcp);
    const Replies replies = tcpScript_ ? tcpScript_(*query) : Replies();
    for (const Bytes& reply : replies) {
      storeU16(length.data(), announced.value_or(static_cast<std::uint16_t>(reply.size())));
      const ByteSpan head(length);
      const ByteSpan body(reply);
      co_await stream.writeAll(head, body, stop);
    }
    co_return true;
  }

  void note(const Query& query, std::vector<Asked>& asked) {
    const auto& edns = query.edns();
    asked.push_back({query.name().toString() + ' ' + toString(query.type()), query.peer(), query.id(),
                     edns ? std::optional(edns->udpPayloadSize) : std::nullopt, query.dnssecOk(),
                     query.checkingDisabled(), query.recursionDesired(), edns ? edns->cookie : Cookie(),
                     std::chrono::duration_cast<std::chrono::seconds>(clock_.now().time_since_epoch())});
  }

  Shard& shard_;
  ManualClock& clock_;
  Script udpScript_;
  Script tcpScript_;
  DatagramBuffers buffers_;
  std::optional<TcpListener> listener_;
  std::optional<UdpSocket> socket_;
};

}  // namespace taut
