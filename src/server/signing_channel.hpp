// The way back to the client of a query that has a TSIG: each message that is written is signed on its way, be it one
// reply or those of a transfer. The buffer that it gives out keeps room for the signature.
#pragma once

#include <cstddef>
#include <cstdint>

#include "taut/base/address.hpp"
#include "taut/base/bytes.hpp"
#include "taut/base/clock.hpp"
#include "taut/coro/task.hpp"
#include "taut/dns/client.hpp"
#include "taut/dns/query.hpp"
#include "taut/dns/tsig.hpp"
#include "taut/server/reply_channel.hpp"

namespace taut {

// Seconds since 1970.
std::uint64_t tsigTime(const Clock& clock);

class SigningChannel final : public ReplyChannel {
 public:
  // Over the query's own channel. Clock, channel and the key of the request outlive it. From here to its end the query
  // knows of it (`of`).
  SigningChannel(ReplyChannel& under, const Query& query, TsigRequest request, const Clock& clock);
  ~SigningChannel() override;

  // That of the query; null for a query without a TSIG, and for one that is not served yet.
  static SigningChannel* of(const Query& query);

  const TsigRequest& request() const { return request_; }

  Transport transport() const override { return under_.transport(); }
  const Address& peer() const override { return under_.peer(); }
  Address localAddress() const override { return under_.localAddress(); }
  Address listener() const override { return under_.listener(); }
  std::string view() const override { return under_.view(); }
  void abort() noexcept override { under_.abort(); }
  MutableByteSpan replyBuffer() override;

  // Signs the message in the first `size` octets of the reply buffer, before it is written, for those who are told of
  // it as it leaves: the whole message. Once for each message.
  ByteSpan seal(std::size_t size);

  // Nothing that is written leaves any more.
  using ReplyChannel::close;

 private:
  struct Place {
    SigningChannel* channel = nullptr;
  };

  Task<> send(std::size_t size) override;

  ReplyChannel& under_;
  const Query& query_;
  const TsigRequest request_;
  const Clock& clock_;
  TsigSigner signer_;       // of the next message to be written
  TsigSigner next_;         // of the one after a message that is signed and not written yet
  std::size_t room_;        // that is kept for the signature; 0: there is none, and messages leave as they are
  std::size_t sealed_ = 0;  // octets of the message that is signed and not written yet
};

}  // namespace taut
