// A request, parsed once and eagerly: header, the one question, what OPT said, the client and the transport.
//
// All that a resolver asks for is held by value. Only `message()` refers to the received octets, over which the reply
// may be written, and `localAddress`, `listener` and `view` ask the transport, which knows them as long as the query
// that was received lives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "taut/base/address.hpp"
#include "taut/base/bytes.hpp"
#include "taut/base/clock.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/dns/client.hpp"
#include "taut/dns/edns.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/query_context.hpp"
#include "taut/dns/question.hpp"
#include "taut/dns/type.hpp"

namespace taut {

struct TsigKey;

inline constexpr std::size_t messageHeaderSize = 12;   // octets (RFC 1035 section 4.1.1)
inline constexpr std::size_t recordFixedSize = 10;     // octets of TYPE, CLASS, TTL and RDLENGTH (section 4.1.3)
inline constexpr std::size_t maxMessageSize = 65535;   // octets over a stream (RFC 1035 section 4.2.2)
inline constexpr std::size_t classicUdpSize = 512;     // octets over UDP without EDNS (RFC 1035 section 4.2.1)
inline constexpr std::uint16_t defaultUdpSize = 1232;  // octets over UDP that networks carry whole (RFC 9715)

class Query {
  struct Received {};  // only parse() can name it

 public:
  // A query that a program makes itself, to ask another resolver with: ID 0, RD set, no client, the protocol's limits.
  Query(NameView name, Type type, Class rrClass = Class::IN);

  // Parses what a client sent. Nothing for what must not be answered: less than a header, or a response (QR set),
  // because two servers could answer each other for ever. A message whose header parses and whose rest does not is
  // returned with `formatError()` set; its question is valid as far as `hasQuestion()` says.
  //
  // A format error is: a section shorter than its count, a bad name (also any pointer in the question), more than one
  // question in a QUERY (RFC 9619), more than one OPT, an OPT that the root does not own or that is not in the
  // additional section, an OPT with malformed options (RFC 6891 section 6.1.1; `edns()` has its fixed fields then,
  // because the reply to a request with OPT has OPT too), and a TSIG that is not the last record of the additional
  // section, not of class ANY, or has malformed data (RFC 8945 section 5.2). Pointers of owner names are not followed.
  // Octets after the last record are ignored.
  //
  // `udpLimit` is how many octets the server sends over UDP at most.
  static std::optional<Query> parse(ByteSpan message, const QueryClient& client, std::size_t udpLimit = defaultUdpSize);
  Query(Received, ByteSpan message, const QueryClient& client, std::size_t udpLimit);

  // The same query from the same client about another name or type: for a resolver that follows an alias.
  Query withQuestion(NameView name, Type type) const;
  // The same query on behalf of all clients that may ask it, for a resolver that keeps the answer for them: with DO,
  // and with no limit of the reply but the protocol's. CD is as given.
  Query forAllClients(bool checkingDisabled) const;

  std::uint16_t id() const { return id_; }
  Opcode opcode() const { return static_cast<Opcode>((flags_ & flag::opcodeMask) >> 11); }
  bool recursionDesired() const { return (flags_ & flag::RD) != 0; }
  bool authenticData() const { return (flags_ & flag::AD) != 0; }
  bool checkingDisabled() const { return (flags_ & flag::CD) != 0; }
  std::uint16_t flags() const { return flags_; }  // the header's second word; bits in `flag`

  bool formatError() const { return (peculiarities_ & malformed) != 0; }
  // Whether the message ends with a TSIG. Whether that is a good one is for the server to find out.
  bool hasTsig() const { return (peculiarities_ & tsig) != 0; }
  // Whether there is neither a format error nor a TSIG. One look, for those who look at each query.
  bool isPlain() const { return peculiarities_ == 0; }
  bool hasQuestion() const { return questionSize_ != 0; }
  std::uint16_t questionCount() const { return questionCount_; }  // QDCOUNT as sent
  std::size_t questionSize() const { return questionSize_; }      // octets of the question on the wire; 0: none

  const Question& question() const { return question_; }  // the root, type 0 and IN where there is none
  const Name& name() const { return question_.name; }
  std::uint64_t nameHash() const {  // the name's, hashed once
    if (nameHash_ == 0) nameHash_ = name().hash();
    return nameHash_;
  }
  Type type() const { return question_.type; }
  Class rrClass() const { return question_.rrClass; }

  const std::optional<Edns>& edns() const { return edns_; }
  bool dnssecOk() const { return edns_ && edns_->dnssecOk; }

  // The network that the answer is for: that of the client's option, or its address, whole (RFC 7871 section 7.3.1).
  // No bits where the client does not say where it is; no family either for a query without a client.
  ClientSubnet clientNetwork() const;

  const QueryClient& client() const { return client_; }
  const Address& peer() const { return client_.peer; }
  Transport transport() const { return client_.transport; }
  TimePoint received() const { return client_.received; }
  StopToken stopToken() const { return client_.stopToken; }
  // `Arrival` says what these are. Empty for a query that a program makes itself.
  Address localAddress() const { return client_.arrival ? client_.arrival->localAddress() : Address(); }
  Address listener() const { return client_.arrival ? client_.arrival->listener() : Address(); }
  std::string view() const { return client_.arrival ? client_.arrival->view() : std::string(); }

  // What an earlier step has put on the query, by its type: null where it has not. Steps hand on what they know by it:
  // `allowQuery` the account of the client, say, to a resolver and to `sendReply`. It changes nothing of what is asked,
  // so a query that is const takes it. A copy of the query has what was there when it was copied, and refers to the
  // same values.
  template <typename T>
  T* context() const noexcept {
    return context_.get<T>();
  }
  // In the place of the last value of this type. The reference is valid as long as the query or a copy.
  template <typename T>
  T& setContext(T value) const {
    return context_.set<T>(std::move(value));
  }

  // The key that the server has found the message to be signed with (RFC 8945), as it is when `allowQuery` is called
  // and later; null where it is not signed, and where its TSIG is not accepted. Valid as long as the query or a copy.
  const TsigKey* key() const;

  // For a query that is made, such as in a test. Resolvers obey the token of their task, and not this one.
  void setStopToken(StopToken token) { client_.stopToken = token; }

  // The octets as they were received. Valid until the query first waits. Over a stream it is empty after that.
  ByteSpan message() const { return message_; }
  void forgetMessage() { message_ = {}; }

  // How many octets a reply may have: what the client offered, within 512 and the server's limit over UDP (RFC 6891
  // section 6.2.5), and 65,535 over a stream.
  std::size_t replyLimit() const { return replyLimit_; }

 private:
  bool parseBody(ByteReader& reader);
  bool parseQuestion(ByteReader& reader);
  bool parseRecord(ByteReader& reader, Section section, bool isLast);
  [[gnu::noinline]] bool parseTsig(ByteSpan fields, ByteSpan rdata);
  std::uint16_t udpReplyLimit(std::size_t own) const;

  // What is out of the ordinary, as bits.
  static constexpr std::uint8_t malformed = 1;
  static constexpr std::uint8_t tsig = 2;

  Question question_;
  std::uint16_t id_ = 0;
  std::uint16_t flags_ = 0;
  std::uint16_t questionCount_ = 0;
  std::uint16_t questionSize_ = 0;
  std::uint16_t replyLimit_ = maxMessageSize;
  std::uint8_t peculiarities_ = 0;
  mutable std::uint64_t nameHash_ = 0;  // 0: not hashed yet
  ByteSpan message_;
  QueryClient client_;
  std::optional<Edns> edns_;
  mutable QueryContext context_;
};

}  // namespace taut
