// Who may change which records of a zone by dynamic updates (RFC 2136 section 3.3, RFC 3007 section 3).
//
// A policy is a list of rules. A rule allows senders, by address and key, and the records that its names and types
// have; what one rule allows is allowed.
//
//   UpdatePolicy policy;
//   policy.add({.clients = admins});                                          // all names and types
//   policy.add({.clients = hosts, .names = {*UpdateNames::parse("self")}, .types = {Type::A, Type::AAAA}});
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "taut/dns/access_list.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/query.hpp"
#include "taut/dns/type.hpp"

namespace taut {

// Owners that a rule is about.
struct UpdateNames {
  enum class Kind : std::uint8_t {
    exact,     // the name
    below,     // all names below it, and not the name itself
    key,       // the name of the key that the message is signed with
    belowKey,  // all names below that one
  };

  Kind kind = Kind::exact;
  Name name{};  // of exact and below

  // `host.example.com`, `*.example.com`, `self` or `*.self`. Nothing for what is no domain name.
  static std::optional<UpdateNames> parse(std::string_view text);

  // `key` is null where the message is not signed.
  bool have(NameView owner, const Name* key) const;

  friend bool operator==(const UpdateNames&, const UpdateNames&) = default;
};

class UpdatePolicy {
 public:
  struct Rule {
    AccessList clients{};
    std::vector<UpdateNames> names{};  // empty: every name
    std::vector<Type> types{};         // empty: every type

    bool hasType(Type type) const;
    friend bool operator==(const Rule&, const Rule&) = default;
  };

  void add(Rule rule) { rules_.push_back(std::move(rule)); }
  const std::vector<Rule>& rules() const { return rules_; }

  friend bool operator==(const UpdatePolicy&, const UpdatePolicy&) = default;

 private:
  std::vector<Rule> rules_;
};

// What a policy allows the sender of one message. It owns what it needs, so that any thread may have it.
class UpdateGrant {
 public:
  UpdateGrant(std::shared_ptr<const UpdatePolicy> policy, const Query& query);

  // The sender may change nothing, whatever the name.
  bool isEmpty() const { return rules_.empty(); }
  bool allows(NameView owner, Type type) const;
  // The name of the key; null where the message is not signed.
  const Name* key() const { return key_ ? &*key_ : nullptr; }

 private:
  std::shared_ptr<const UpdatePolicy> policy_;
  std::vector<std::size_t> rules_;  // those that the sender meets
  std::optional<Name> key_;
};

}  // namespace taut
