// Messages that are signed with a shared key (TSIG, RFC 8945). Functions of octets and of the time alone.
//
// A server checks a request and signs what it answers, errors included:
//
//   const TsigRequest request = checkTsig(message, keys, now);
//   TsigSigner signer(request);                       // of the reply, or of all messages of a transfer
//   size = signer.sign(buffer, size, now);            // at least signer.room() octets are free behind the message
//
// A client signs its request and checks every message that answers it:
//
//   TsigSigner signer(key);
//   size = signer.sign(buffer, size, now);
//   TsigVerifier verifier(key, signer.mac());
//   if (!verifier.add(reply, now)) …                  // for each message, in their order
//   if (!verifier.complete()) …                       // at the end: the last message has to be signed
//
// Times are seconds since 1970. Keys outlive what refers to them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "taut/base/bytes.hpp"
#include "taut/base/result.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/tsig_key.hpp"

namespace taut {

namespace detail {
class TsigMac;
}

inline constexpr std::uint16_t tsigFudge = 300;  // seconds that clocks may differ (RFC 8945 section 10)

// The error field of a TSIG (RFC 8945 section 3).
enum class TsigError : std::uint16_t { none = 0, BADSIG = 16, BADKEY = 17, BADTIME = 18, BADTRUNC = 22 };

// A MAC of at most 64 octets.
class TsigMacOctets {
 public:
  TsigMacOctets() = default;
  // Of what is longer, the first 64 octets.
  explicit TsigMacOctets(ByteSpan mac);
  ByteSpan span() const { return ByteSpan(octets_).first(size_); }

 private:
  std::array<std::uint8_t, maxTsigMacSize> octets_{};
  std::uint8_t size_ = 0;
};

// The TSIG at the end of a message. What is a span lies in the message.
struct TsigRecord {
  std::size_t offset = 0;  // where the record begins: octets of the message without it
  Name key;
  Name algorithm;
  std::uint64_t timeSigned = 0;  // 48 bits
  std::uint16_t fudge = 0;       // seconds
  ByteSpan mac;
  std::uint16_t originalId = 0;
  std::uint16_t error = 0;
  ByteSpan other;
};

// What a message has of TSIG: nothing at all, a record, or one that makes the message a format error: it is not the
// last record of the additional section, not of class ANY, or does not parse (RFC 8945 section 5.2). A message that
// does not parse itself is malformed too.
struct TsigSearch {
  enum class Outcome : std::uint8_t { none, found, malformed };

  Outcome outcome = Outcome::none;
  TsigRecord record;
};
TsigSearch findTsig(ByteSpan message);

// What a server has found of the TSIG of a request, and what the TSIG of its reply is made of.
struct TsigRequest {
  // FORMERR, without a TSIG in the reply: what `findTsig` calls malformed, or a MAC that is longer than the
  // algorithm's, or shorter than half of it or 10 octets (RFC 8945 section 5.2.2.1). MACs that are truncated and not
  // shorter are accepted, so the server itself never answers BADTRUNC.
  bool malformed = false;
  // BADKEY for an unknown name or algorithm, BADSIG, or BADTIME: NOTAUTH, and the error in the reply's TSIG.
  TsigError error = TsigError::none;
  const TsigKey* key = nullptr;  // null where it is not known; it has signed the request unless there is an error
  Name keyName;
  Name algorithm;
  std::uint64_t timeSigned = 0;
  std::uint16_t fudge = 0;
  TsigMacOctets mac;

  bool isGood() const { return !malformed && error == TsigError::none; }
};

// Checks a request that has a TSIG; one that has none is malformed. `now` is the server's time.
TsigRequest checkTsig(ByteSpan message, const KeyRing& keys, std::uint64_t now);

class TsigSigner {
 public:
  // Of one request.
  explicit TsigSigner(const TsigKey& key);
  // Of the reply to a request that is not malformed, or of all its replies. After BADKEY and BADSIG the TSIG has no
  // MAC, and after BADTIME it has the client's time, and the server's in its other data (RFC 8945 section 5.3.2).
  explicit TsigSigner(const TsigRequest& request);

  // Octets that the TSIG of each message takes.
  std::size_t room() const;
  // Appends the TSIG to the message in the first `size` octets of the buffer, whose ID is its original one, counts it
  // in the header, and returns the size with it. A message for which the buffer has no room is left as it is, and its
  // own size returned. Every message after the first is signed with the MAC of the one before and without the names
  // (RFC 8945 section 5.3.1).
  std::size_t sign(MutableByteSpan buffer, std::size_t size, std::uint64_t now);
  // Of the message that was signed last; of the request before the first reply was signed.
  ByteSpan mac() const { return mac_.span(); }

 private:
  const TsigKey* key_;  // null: without a MAC
  Name keyName_;
  Name algorithm_;
  TsigError error_ = TsigError::none;
  std::uint64_t requestTime_ = 0;
  std::uint16_t fudge_ = tsigFudge;
  TsigMacOctets mac_;
  bool isFirst_ = true;
};

// Why a message is not accepted as an answer to a signed request.
enum class TsigFault : std::uint8_t {
  malformed,        // see TsigSearch; or a MAC of a forbidden size
  isUnsigned,       // the first message, or more than 99 in a row, without a TSIG
  otherKey,         // another key or algorithm than that of the request
  badSignature,     // the MAC does not match
  badTime,          // the clocks differ by more than the fudge
  refusedByServer,  // the server has said so: `serverError`
};
std::string_view describe(TsigFault fault);

// Checks the messages that answer one signed request: a single reply, or those of a transfer, of which the first and
// the last have to be signed, and at least every hundredth (RFC 8945 section 5.3.1).
class TsigVerifier {
 public:
  static constexpr std::size_t maxUnsigned = 99;  // in a row

  TsigVerifier(const TsigKey& key, ByteSpan requestMac);
  ~TsigVerifier();
  TsigVerifier(TsigVerifier&&) noexcept;
  TsigVerifier& operator=(TsigVerifier&&) noexcept;

  // The next message, whole. After a fault nothing else is accepted. What is in an unsigned message is not proved
  // before the next signed one is accepted.
  Result<void, TsigFault> add(ByteSpan message, std::uint64_t now);
  // Whether there was a message, all of them were accepted, and the last one was signed.
  bool complete() const { return complete_; }

  // What the error field of the last TSIG says. It is proved for BADTIME and BADTRUNC alone: the others are sent
  // without a MAC.
  TsigError serverError() const { return serverError_; }
  // The server's clock as a BADTIME tells it; nothing where it has not.
  std::optional<std::uint64_t> serverTime() const { return serverTime_; }

 private:
  Result<void, TsigFault> check(ByteSpan message, std::uint64_t now);
  Result<void, TsigFault> checkRecord(ByteSpan message, const TsigRecord& record, std::uint64_t now);
  Result<void, TsigFault> checkMac(ByteSpan message, const TsigRecord& record);

  const TsigKey* key_;
  std::unique_ptr<detail::TsigMac> digest_;  // over what has come since the last MAC, that one included
  std::size_t unsigned_ = 0;                 // in a row
  TsigError serverError_ = TsigError::none;
  std::optional<std::uint64_t> serverTime_;
  bool isFirst_ = true;
  bool failed_ = false;
  bool complete_ = false;
};

}  // namespace taut
