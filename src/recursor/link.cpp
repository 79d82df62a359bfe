#include "link.hpp"

#include <utility>

namespace taut {

NameView Link::target() const {
  const CachedRRset* const alias = find(Type::CNAME);
  return alias ? NameView::fromWire(alias->rrset(expiry).front()).value_or(NameView()) : NameView();
}

const CachedRRset* Link::find(Type wanted) const {
  for (const Part& part : parts)
    if (part.section == Section::answer && part.rrset->type() == wanted) return part.rrset.get();
  return nullptr;
}

void Link::add(Section section, LocalRef<const CachedRRset> rrset) {
  parts.push_back({std::move(rrset), section});
}

std::size_t Link::bytes() const {
  std::size_t bytes = detail::heapSize(sizeof *this) + detail::heapSize(octets_.capacity());
  if (!parts.empty()) bytes += detail::heapSize(parts.capacity() * sizeof(Part));
  for (const Part& part : parts) bytes += part.rrset->bytes();
  if (reason && reason->text.capacity() > sizeof(std::string)) bytes += detail::heapSize(reason->text.capacity());
  return bytes;
}

LocalRef<Link> makeFailure(NameView name, Type type, Reason reason) {
  auto failure = makeLocalRef<Link>(Link::Kind::failure, name, type);
  failure->security = SecurityState::indeterminate;
  failure->rcode = Rcode::SERVFAIL;
  failure->reason = std::move(reason);
  return failure;
}

}  // namespace taut
