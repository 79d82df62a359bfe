// The EDNS options of replies: name server identifier (RFC 5001), server cookie (RFC 7873), TCP keepalive (RFC 7828),
// client subnet (RFC 7871), expiry of a zone (RFC 7314), extended error (RFC 8914), and what a resolver has added
// (Answer::addOption). A client gets the options that it asked for, its subnet only where a resolver has looked at it,
// and the expiry with an SOA and with transfers; the extended error and what was added go to every client that sent
// OPT.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "taut/base/bytes.hpp"
#include "taut/base/clock.hpp"
#include "taut/dns/answer.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/query.hpp"
#include "taut/server/server_cookies.hpp"

namespace taut {

struct CookieCounters;

struct EdnsSettings {
  static constexpr std::size_t maxNsid = 255;  // octets

  std::string nsid;                              // any octets; empty: the server does not say which one it is
  std::shared_ptr<const ServerCookies> cookies;  // null: cookies are ignored

  // How many seconds a secondary has that a zone of its own still counts; nothing for other zones, for which EXPIRE of
  // their SOA is told (RFC 7314 section 2). Called on the shard's thread; empty: there are no secondaries.
  std::function<std::optional<std::uint32_t>(NameView origin, const Query& query)> remaining{};
};

// The encoded options of one reply. The object lives while the reply is written. The counters learn what the query has
// for a cookie, where it has one and cookies are in use.
class EdnsOptions {
 public:
  EdnsOptions(const EdnsSettings& settings, const Query& query, const Answer& answer, const Clock& clock,
              CookieCounters& cookies);

  ByteSpan octets() const { return ByteSpan(octets_).first(size_); }

 private:
  static constexpr std::size_t headerSize = 4;
  static constexpr std::size_t capacity = headerSize + EdnsSettings::maxNsid +          // NSID
                                          headerSize + sizeof(ServerCookies::Option) +  // COOKIE
                                          headerSize + 2 +                              // KEEPALIVE
                                          headerSize + 4 +                              // EXPIRE
                                          headerSize + 4 + 16 +                         // CLIENT_SUBNET
                                          headerSize + 2 + ExtendedError::maxText +     // EDE
                                          Answer::maxOptions;

  void encode(const EdnsSettings& settings, const Query& query, const Answer& answer, const Clock& clock,
              CookieCounters& cookies);

  std::size_t size_ = 0;
  std::array<std::uint8_t, capacity> octets_;  // the first `size_` of them are set
};

}  // namespace taut
