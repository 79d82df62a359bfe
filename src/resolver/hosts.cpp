#include "taut/resolver/hosts.hpp"

#include <utility>

namespace taut {

namespace {

bool isHeld(Type type) {
  return type == Type::A || type == Type::AAAA || type == Type::PTR || type == Type::ANY;
}

}  // namespace

class Hosts::Snapshot final : public PinnedStorage {
 public:
  explicit Snapshot(std::shared_ptr<const HostsTable> table) : table_(std::move(table)) {}
  const HostsTable& table() const { return *table_; }

 private:
  std::shared_ptr<const HostsTable> table_;
};

Hosts::Hosts(std::shared_ptr<const HostsTable> table, OtherTypes otherTypes) : otherTypes_(otherTypes) {
  replace(std::move(table));
}

Hosts::~Hosts() = default;

void Hosts::replace(std::shared_ptr<const HostsTable> table) {
  snapshot_ = makeLocalRef<const Snapshot>(std::move(table));
}

void Hosts::replaceByThatOf(const Hosts& other) {
  snapshot_ = other.snapshot_;
}

const HostsTable& Hosts::table() const {
  return snapshot_->table();
}

bool Hosts::has(const Query& query) const {
  return query.rrClass() == Class::IN && table().find(query.name());
}

Task<std::optional<Answer>> Hosts::resolve(const Query& query) {
  const bool ours = query.rrClass() == Class::IN && (isHeld(query.type()) || otherTypes_ == OtherTypes::noData);
  if (!ours) return Task<std::optional<Answer>>::ready(std::nullopt);
  const auto host = table().find(query.name());
  if (!host) return Task<std::optional<Answer>>::ready(std::nullopt);
  Answer answer;
  answer.setSource(AnswerSource::Kind::hosts);
  answer.setAuthoritative(true);
  answer.pin(*snapshot_);
  for (const RRset* rrset : {&host->a, &host->aaaa, &host->ptr}) {
    const bool asked = query.type() == rrset->type || query.type() == Type::ANY;
    if (asked && rrset->count > 0) answer.borrowRRset(Section::answer, *rrset);
  }
  return Task<std::optional<Answer>>::ready(std::move(answer));
}

}  // namespace taut
