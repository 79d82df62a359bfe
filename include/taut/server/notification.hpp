// A NOTIFY that has come in (RFC 1996): a primary says that a zone has changed.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "taut/dns/name.hpp"
#include "taut/dns/query.hpp"
#include "taut/dns/serial.hpp"
#include "taut/dns/type.hpp"

namespace taut {

struct Notification {
  Name zone;
  Class rrClass = Class::IN;
  std::optional<Serial> serial;  // that the sender says the zone has now: a hint, which anybody may have made up
  const Query* query = nullptr;  // who sent it, by which key and into which view
};

enum class NotifyVerdict : std::uint8_t {
  accepted,      // the zone is a secondary, and will be looked at: NOERROR
  notAllowed,    // the sender may not: REFUSED
  notSecondary,  // REFUSED where the server has the zone, NOTAUTH where it does not
};

// Called on the thread of the shard that the message came to. It does not wait, and may be called very often for one
// zone: whoever looks at the zone then does so once for several.
using OnNotify = std::function<NotifyVerdict(const Notification& notification)>;

// The notification of a message of opcode NOTIFY. Nothing where its question is not about the SOA of one zone (RFC 1996
// section 3.7 lets other types be ignored), or it does not parse.
std::optional<Notification> readNotification(const Query& query);

}  // namespace taut
