#include "taut/dns/update_policy.hpp"

#include <algorithm>

#include "taut/dns/tsig_key.hpp"

namespace taut {

namespace {

constexpr std::string_view self = "self";
constexpr std::string_view belowPrefix = "*.";

}  // namespace

std::optional<UpdateNames> UpdateNames::parse(std::string_view text) {
  const bool below = text.starts_with(belowPrefix);
  if (below) text.remove_prefix(belowPrefix.size());
  if (text == self) return UpdateNames{below ? Kind::belowKey : Kind::key};
  auto name = Name::parse(text);
  if (!name) return std::nullopt;
  return UpdateNames{below ? Kind::below : Kind::exact, std::move(*name)};
}

bool UpdateNames::have(NameView owner, const Name* signer) const {
  switch (kind) {
    case Kind::exact:
      return owner == name;
    case Kind::below:
      return owner.isBelow(name);
    case Kind::key:
      return signer && owner == *signer;
    case Kind::belowKey:
      return signer && owner.isBelow(*signer);
  }
  return false;
}

bool UpdatePolicy::Rule::hasType(Type type) const {
  return types.empty() || std::ranges::find(types, type) != types.end();
}

UpdateGrant::UpdateGrant(std::shared_ptr<const UpdatePolicy> policy, const Query& query) : policy_(std::move(policy)) {
  for (std::size_t i = 0; i < policy_->rules().size(); ++i)
    if (policy_->rules()[i].clients.allows(query)) rules_.push_back(i);
  if (const TsigKey* const key = query.key()) key_ = key->name;
}

bool UpdateGrant::allows(NameView owner, Type type) const {
  return std::ranges::any_of(rules_, [&](std::size_t index) {
    const UpdatePolicy::Rule& rule = policy_->rules()[index];
    const auto hasOwner = [&](const UpdateNames& names) { return names.have(owner, key()); };
    return rule.hasType(type) && (rule.names.empty() || std::ranges::any_of(rule.names, hasOwner));
  });
}

}  // namespace taut
