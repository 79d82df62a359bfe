#include "denied_types.hpp"

#include "taut/dns/rdata/security.hpp"

namespace taut::detail {

using rdata::typeBitmapContains;

bool isParentSide(ByteSpan types) {
  return typeBitmapContains(types, Type::NS) && !typeBitmapContains(types, Type::SOA);
}

bool endsAuthority(ByteSpan types) {
  return isParentSide(types) || typeBitmapContains(types, Type::DNAME);
}

bool lacksType(ByteSpan types, NameView owner, Type type) {
  if (type == Type::ANY) return types.empty();
  const bool isDs = type == Type::DS;
  if (isDs && typeBitmapContains(types, Type::SOA) && !owner.isRoot()) return false;
  if (!isDs && isParentSide(types)) return false;
  return !typeBitmapContains(types, type) && !typeBitmapContains(types, Type::CNAME);
}

}  // namespace taut::detail
