#include "taut/server/notification.hpp"

#include "taut/dns/message_view.hpp"
#include "taut/dns/rrset.hpp"
#include "taut/zone/zone_difference.hpp"

namespace taut {

namespace {

// That of an SOA in the answer section, where there is one.
std::optional<Serial> serialOf(const Query& query) {
  auto message = MessageView::parse(query.message());
  if (!message) return std::nullopt;
  while (const auto record = message->nextRecord()) {
    if (record->section != Section::answer) return std::nullopt;
    if (record->type == Type::SOA && record->owner == query.name() && record->rdataSize >= leastSoaSize)
      return serialOfSoa(message->message().subspan(record->rdataOffset, record->rdataSize));
  }
  return std::nullopt;
}

}  // namespace

std::optional<Notification> readNotification(const Query& query) {
  if (query.formatError() || query.questionCount() != 1 || !query.hasQuestion() || query.type() != Type::SOA)
    return std::nullopt;
  return Notification{query.name(), query.rrClass(), serialOf(query), &query};
}

}  // namespace taut
