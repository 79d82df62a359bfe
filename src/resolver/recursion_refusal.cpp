#include "taut/resolver/recursion_refusal.hpp"

#include "taut/dns/type.hpp"

namespace taut {

std::optional<Answer> recursionRefusal(const Query& query) {
  if (query.rrClass() != Class::IN || !query.recursionDesired()) return Answer::refused();
  switch (query.type()) {
    case Type::ANY:
      return std::nullopt;
    case Type::AXFR:
    case Type::IXFR:
      return Answer::refused();
    case Type::MAILA:
    case Type::MAILB:
      return Answer::notImplemented();
    default:
      if (isMetaType(query.type()) || query.type() == Type{}) return Answer::formatError();
      return std::nullopt;
  }
}

}  // namespace taut
