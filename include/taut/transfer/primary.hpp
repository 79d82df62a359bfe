// A server that a secondary gets zones from: what it is asked, by which key, and how many questions at a time.
//
// - The serial of a zone is asked for over UDP, twice, and then over TCP: after TC, after REFUSED and NOTIMP, which
//   some servers answer over UDP alone, where no reply comes, and where one is not signed as it should be, because it
//   may be forged.
// - A transfer is a request over a TCP connection of its own, and messages that answer it. It is ended by 60 seconds
//   without an octet, less than 10 KiB in 5 minutes, and 2 hours in all.
// - With a key, each request is signed, and no message counts that is not (TSIG, RFC 8945). A server that has not the
//   key, or has another clock, is told of in the reason.
//
// Questions and requests ask how long a server that is a secondary itself has its version (EXPIRE, RFC 7314), in an OPT
// record. A server that refuses that is asked without.
//
// Each has a new socket with a port that the system draws at random, and a random ID. An address of several is asked
// where the one before it could not be reached. One object for each server and shard.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "taut/base/address.hpp"
#include "taut/base/bytes.hpp"
#include "taut/base/result.hpp"
#include "taut/coro/task.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/rrset.hpp"
#include "taut/dns/serial.hpp"
#include "taut/dns/tsig.hpp"
#include "taut/dns/type.hpp"
#include "taut/io/shard.hpp"
#include "taut/transfer/message_stream.hpp"
#include "taut/transfer/question_window.hpp"

namespace taut {

struct PrimaryOptions {
  std::vector<Address> addresses{};      // of one server; port 0 stands for 53
  std::shared_ptr<const TsigKey> key{};  // null: requests are not signed
};

// Why a server has not given what it was asked for.
struct PrimaryFailure {
  enum class Kind : std::uint8_t {
    stopped,      // the task was stopped
    unreachable,  // no connection, and over UDP no reply
    broken,       // the connection ended, or too long nothing came
    unverified,   // a message is not signed as it should be, or the server does not accept our signature
    refused,      // an RCODE that says no, or no data
    unusable,     // what came is no answer
  };

  Kind kind = Kind::unusable;
  std::string reason;  // for the log, with the server's address
};

// What a server says of its version of a zone.
struct PrimaryVersion {
  Serial serial{0};
  std::optional<std::chrono::seconds> expire{};  // for how long it has the version: a secondary itself (RFC 7314)
};

// A request for a zone that has been sent, and the messages that answer it.
class TransferStream {
 public:
  // The next message, whole, TSIG included; a failure where no octet comes for so long. It lives until the next call.
  // Behind an unsigned message of a signed answer
  // it is not proved before a later one is: see `isProved`.
  Task<Result<ByteSpan, PrimaryFailure>> next(std::chrono::seconds idle);
  // Whether all messages so far are the server's, as far as a key can tell.
  bool isProved() const { return !verifier_ || verifier_->complete(); }

  // By the EXPIRE option (RFC 7314) of the first message.
  std::optional<std::chrono::seconds> expire() const { return expire_; }

  const Address& server() const { return stream_.server(); }

 private:
  friend class Primary;
  TransferStream(MessageStream stream, Shard& shard) : shard_(&shard), stream_(std::move(stream)) {}

  Shard* shard_;
  MessageStream stream_;
  std::shared_ptr<const TsigKey> key_;  // that the verifier refers to
  std::optional<TsigVerifier> verifier_;
  bool begun_ = false;
  std::optional<std::chrono::seconds> expire_;
};

class Primary {
 public:
  static constexpr std::chrono::seconds connectLimit{5};
  static constexpr std::chrono::seconds idleLimit{60};   // of a transfer: without an octet
  static constexpr std::chrono::seconds replyLimit{10};  // for a question over TCP
  static constexpr std::chrono::seconds udpLimit{2};     // for each of the two tries
  static constexpr std::chrono::hours transferLimit{2};

  // Throws std::invalid_argument where there is no address.
  Primary(Shard& shard, PrimaryOptions options);
  Primary(const Primary&) = delete;
  Primary& operator=(const Primary&) = delete;

  // Its version of the zone.
  Task<Result<PrimaryVersion, PrimaryFailure>> askVersion(Name zone, Class rrClass);

  // Asks for a transfer. IXFR has the SOA of the version that is there, whose octets stay in place until then; AXFR has
  // none. `id` is that of the request, and of each message that answers it.
  Task<Result<TransferStream, PrimaryFailure>> request(Name zone, Class rrClass, std::uint16_t id,
                                                       std::optional<RRset> soa);

  // Sends it a message of others as it is, but for the ID, by TCP, such as a dynamic update that it is to carry out
  // (RFC 2136 section 6). Gives the RCODE of its reply. A signature stays good, because it is made over the ID that the
  // signer gave. `key` is the one that the message is signed with, and has to have signed the reply; null where it is
  // not signed. `unreachable` where the message was not sent; message and key stay in place until the end.
  Task<Result<Rcode, PrimaryFailure>> forward(ByteSpan message, const TsigKey* key);

  // How many questions it may be asked at a time. Who asks takes a place.
  QuestionWindow& window() { return window_; }

  // The address that answered last, and the first one before that.
  const Address& address() const { return options_.addresses[current_]; }
  // Whether a message from there may be this server's: it is one of its hosts, whatever the port.
  bool isAt(const Address& host) const;
  const std::shared_ptr<const TsigKey>& key() const { return options_.key; }

 private:
  struct Signed;
  using Reply = Result<PrimaryVersion, PrimaryFailure>;

  std::size_t sign(MutableByteSpan buffer, std::size_t size, std::optional<TsigVerifier>& verifier) const;
  Task<Reply> askAt(Address server, Name zone, Class rrClass);
  Task<std::optional<Reply>> askByUdp(Address server, Name zone, Class rrClass);
  Task<Result<Rcode, PrimaryFailure>> forwardTo(Address server, ByteSpan message, const TsigKey* key);
  Result<Rcode, PrimaryFailure> outcomeOf(ByteSpan reply, const Address& server, ByteSpan request,
                                          const TsigKey* key) const;
  Task<Reply> askByTcp(Address server, Name zone, Class rrClass);
  Task<Result<TransferStream, PrimaryFailure>> requestAt(Address server, ByteSpan message,
                                                         std::optional<TsigVerifier>& verifier);

  Shard& shard_;
  PrimaryOptions options_;
  std::size_t current_ = 0;  // address
  bool edns_ = true;         // it has not refused a question with EDNS
  QuestionWindow window_;
};

}  // namespace taut
