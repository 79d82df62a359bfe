#include "local_root_server.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "taut/dns/query.hpp"
#include "taut/dns/reply.hpp"
#include "taut/zone/zone_set.hpp"

namespace taut {

namespace {

// Several times what 13 servers with all their addresses, DS records and signatures take. A reply that is larger is
// truncated, and so is no referral.
constexpr std::size_t maxReply = 16384;

std::shared_ptr<const ZoneSet> alone(const std::shared_ptr<const Zone>& zone) {
  const std::vector<std::shared_ptr<const Zone>> zones = {zone};
  return std::make_shared<const ZoneSet>(zones);
}

}  // namespace

LocalRootServer::LocalRootServer(std::shared_ptr<const LocalRoot> root)
    : root_(std::move(root)), authority_(alone(root_->zone())) {}

// DS records of a delegation are an answer, and no referral (RFC 4035 section 3.1.4.1).
LocalBytes LocalRootServer::answer(const QuestionView& question) const {
  const ZoneNode cut = root_->zone()->find(question.name).cut;
  const bool isReferral = cut && !(question.type == Type::DS && cut.owner() == question.name);
  const bool isForKeys = question.type == Type::DNSKEY && question.name.isRoot();
  return isReferral || isForKeys ? reply(question) : LocalBytes();
}

LocalBytes LocalRootServer::reply(const QuestionView& question) const {
  const Query query = Query(question.name, question.type).forAllClients(false);
  const auto answer = authority_.answer(query);
  if (!answer) return {};
  std::array<std::uint8_t, maxReply> buffer;
  const std::size_t size = writeReply(query, *answer, {}, buffer);
  return {buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size)};
}

}  // namespace taut
