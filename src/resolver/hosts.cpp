#include "taut/resolver/hosts.hpp"

#include <utility>

namespace taut {

Hosts::Hosts(std::string path, std::chrono::seconds ttl, const Clock& clock)
    : file_(std::move(path), maxFileSize, clock), ttl_(ttl), table_(HostsTable::parse({}, ttl)) {
  refresh(true);
}

Task<std::optional<Answer>> Hosts::resolve(const Query& query) {
  refresh(false);
  if (query.rrClass() != Class::IN) return Task<std::optional<Answer>>::ready(std::nullopt);
  const auto host = table_->find(query.name());
  if (!host) return Task<std::optional<Answer>>::ready(std::nullopt);
  Answer answer;
  answer.setAuthoritative(true);
  answer.pin(*table_);
  for (const RRset* rrset : {&host->a, &host->aaaa, &host->ptr}) {
    const bool asked = query.type() == rrset->type || query.type() == Type::ANY;
    if (asked && rrset->count > 0) answer.addRRset(Section::answer, *rrset);
  }
  return Task<std::optional<Answer>>::ready(std::move(answer));
}

void Hosts::reload() {
  refresh(true);
}

void Hosts::refresh(bool force) {
  const auto text = force ? file_.take() : file_.takeChange();
  if (!text) return;
  table_ = HostsTable::parse(*text, ttl_);
  table_->ignoredLines().log(file_.path(), "an address and names");
}

}  // namespace taut
