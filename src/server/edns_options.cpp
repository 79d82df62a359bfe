#include "taut/server/edns_options.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

#include "taut/server/server_counters.hpp"

namespace taut {

namespace {

void putHeader(ByteWriter& writer, EdnsOption code, std::size_t size) {
  writer.u16(static_cast<std::uint16_t>(code));
  writer.u16(static_cast<std::uint16_t>(size));
}

void putNsid(ByteWriter& writer, const std::string& nsid) {
  putHeader(writer, EdnsOption::NSID, nsid.size());
  writer.bytes(ByteSpan(reinterpret_cast<const std::uint8_t*>(nsid.data()), nsid.size()));
}

// The client's own cookie is the new one where it is valid and young.
void count(CookieCounters& counters, const ServerCookies& cookies, const Query& query,
           const ServerCookies::Option& made, std::uint32_t now) {
  const Cookie& cookie = query.edns()->cookie;
  if (cookie.server().empty()) {
    ++counters.clientOnly;
    return;
  }
  const bool isSame = std::ranges::equal(made, ByteSpan(cookie.octets).first(cookie.size));
  ++(isSame || cookies.isValid(cookie, query.peer(), now) ? counters.valid : counters.invalid);
}

void putCookie(ByteWriter& writer, const ServerCookies& cookies, const Query& query, WallTime wallTime,
               CookieCounters& counters) {
  const std::uint32_t now = ServerCookies::timestamp(wallTime);
  const ServerCookies::Option option = cookies.makeOption(query.edns()->cookie, query.peer(), now);
  count(counters, cookies, query, option, now);
  putHeader(writer, EdnsOption::COOKIE, option.size());
  writer.bytes(option);
}

void putKeepalive(ByteWriter& writer, std::chrono::milliseconds idle) {
  constexpr std::chrono::milliseconds unit(100);
  putHeader(writer, EdnsOption::KEEPALIVE, 2);
  writer.u16(static_cast<std::uint16_t>(std::clamp<std::int64_t>(idle / unit, 0, 65535)));
}

void putExtendedError(ByteWriter& writer, const ExtendedError& error) {
  putHeader(writer, EdnsOption::EDE, 2 + error.text.size());
  writer.u16(static_cast<std::uint16_t>(error.code));
  writer.bytes(ByteSpan(reinterpret_cast<const std::uint8_t*>(error.text.data()), error.text.size()));
}

// Of the zone whose SOA the answer has, from an authority.
void putExpire(ByteWriter& writer, const EdnsSettings& settings, const Query& query, const Answer& answer) {
  if (!answer.authoritative() || answer.entryCount() == 0) return;
  const RRset& soa = answer.entry(0).rrset;
  if (answer.entry(0).section != Section::answer || soa.type != Type::SOA) return;
  constexpr std::size_t fromEnd = 8;
  const ByteSpan rdata = soa.front();
  if (rdata.size() < fromEnd) return;
  const auto remaining = settings.remaining ? settings.remaining(soa.owner, query) : std::nullopt;
  putHeader(writer, EdnsOption::EXPIRE, 4);
  writer.u32(remaining ? *remaining : loadU32(rdata.data() + rdata.size() - fromEnd));
}

// The option of the query comes back as it was, with the scope (RFC 7871 section 7.2.1).
void putClientSubnet(ByteWriter& writer, const ClientSubnet& subnet, std::uint8_t scope) {
  putHeader(writer, EdnsOption::CLIENT_SUBNET, subnet.size());
  subnet.write(writer, std::min(scope, subnet.maxPrefix()));
}

}  // namespace

EdnsOptions::EdnsOptions(const EdnsSettings& settings, const Query& query, const Answer& answer, const Clock& clock,
                         CookieCounters& cookies) {
  // Most queries ask for no option.
  if (!query.edns()) return;
  const Edns& edns = *query.edns();
  if (edns.nsid || edns.cookie.size > 0 || edns.keepalive || edns.expire || answer.hasOptions())
    encode(settings, query, answer, clock, cookies);
}

void EdnsOptions::encode(const EdnsSettings& settings, const Query& query, const Answer& answer, const Clock& clock,
                         CookieCounters& cookies) {
  const Edns& edns = *query.edns();
  ByteWriter writer{MutableByteSpan(octets_)};
  if (edns.nsid && !settings.nsid.empty()) putNsid(writer, settings.nsid);
  if (edns.cookie.size > 0 && settings.cookies) putCookie(writer, *settings.cookies, query, clock.wallTime(), cookies);
  // Over UDP the option means nothing (RFC 7828 section 3.2.1).
  if (edns.keepalive && query.transport() == Transport::tcp) putKeepalive(writer, query.client().idleTimeout);
  if (edns.expire) putExpire(writer, settings, query, answer);
  if (edns.clientSubnet && answer.clientSubnetScope())
    putClientSubnet(writer, *edns.clientSubnet, *answer.clientSubnetScope());
  if (const ExtendedError* const error = answer.extendedError()) putExtendedError(writer, *error);
  writer.bytes(answer.options());
  size_ = writer.written().size();
}

}  // namespace taut
