// Who gave an answer: the part of this server, or the server that was asked. A small value, which is copied freely.
//
// The library's resolvers say it of their answers, and a resolver of one's own may (`Answer::setSource`).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>

#include "taut/base/address.hpp"
#include "taut/dns/name.hpp"

namespace taut {

class AnswerSource {
 public:
  enum class Kind : std::uint8_t {
    handler,    // a resolver that says nothing else of itself
    server,     // the server itself: what it refuses, what cannot be parsed, what failed or took too long
    zone,       // a zone of this server, also one that is not loaded
    cache,      // whatever it was told by
    forwarder,  // another server, or none of them
    recursor,   // the servers of the zone that has the name, or none of them
    hosts,      // the hosts file
    chaos,      // what the server says of itself in the class CH
  };

  // A zone without a name is the root, and a forwarder without a server has had no answer.
  constexpr AnswerSource(Kind kind = Kind::handler) noexcept : kind_(kind), none_{} {
    if (kind == Kind::zone) zone_ = NameView();
    if (kind == Kind::forwarder) server_ = Address();
  }
  // The origin lives as long as something that the answer has pinned, kept or static, and so does `zone()`.
  static AnswerSource zone(NameView origin) noexcept {
    AnswerSource source(Kind::zone);
    source.zone_ = origin;
    return source;
  }
  // The server whose reply it is; the empty address where no server has answered.
  static AnswerSource forwarder(const Address& server) noexcept {
    AnswerSource source(Kind::forwarder);
    source.server_ = server;
    return source;
  }

  Kind kind() const noexcept { return kind_; }
  // The origin of the zone that has the question's name; nothing where the answer is of no zone.
  std::optional<NameView> zone() const noexcept { return kind_ == Kind::zone ? std::optional(zone_) : std::nullopt; }
  // The server that was forwarded to; the empty address where none has answered.
  Address server() const noexcept { return kind_ == Kind::forwarder ? server_ : Address(); }

  // `zone example.com.`, `forwarder 192.0.2.1:53`, and for the others their kinds alone.
  std::string toText() const;

 private:
  Kind kind_;
  union {
    char none_;
    NameView zone_;
    Address server_;
  };
};

static_assert(std::is_trivially_copyable_v<AnswerSource>);

}  // namespace taut
