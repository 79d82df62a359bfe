// The records that only clients with DO get, unless they ask for them by type (RFC 3225 section 3, RFC 4035 section
// 3.2.1). Who answers several clients keeps them, and leaves them out of the answers to the others.
#pragma once

#include "taut/dns/answer.hpp"
#include "taut/dns/type.hpp"

namespace taut {

constexpr bool isDnssecType(Type type) {
  return type == Type::RRSIG || type == Type::NSEC || type == Type::NSEC3 || type == Type::DS;
}

// Whether the entry of an answer to a question for `asked` is for clients with DO alone.
constexpr bool needsDnssecOk(const Answer::Entry& entry, Type asked) {
  if (!isDnssecType(entry.rrset.type)) return false;
  return entry.section != Section::answer || (entry.rrset.type != asked && asked != Type::ANY);
}

}  // namespace taut
