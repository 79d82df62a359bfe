// What a program asks a Client about: a name as resolv.conf(5) understands it. Text that ends in a dot is the whole
// name; other text is relative, and is completed by the suffixes of the search list. A `Name` is whole.
//
// It is trivially copyable and destructible, so that a literal may be an argument of an awaited call.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "taut/dns/name.hpp"

namespace taut {

class LookupName {
 public:
  LookupName(std::string_view text);
  LookupName(const char* text) : LookupName(std::string_view(text)) {}
  LookupName(const std::string& text) : LookupName(std::string_view(text)) {}
  LookupName(NameView name) : name_(name) {}
  LookupName(const Name& name) : name_(name) {}

  // Why the text is no name; nothing where it is one.
  const std::optional<NameError>& error() const { return error_; }
  const Name& name() const { return name_; }  // as it was written; the root where the text is no name
  bool isRelative() const { return relative_; }

  // The names to ask for, in order: a relative name with at least `ndots` dots first as it was written, one with fewer
  // dots last, and with each suffix in between. A name that would be too long is left out.
  std::vector<Name> candidates(std::span<const Name> search, std::size_t ndots) const;

 private:
  Name name_;
  bool relative_ = false;
  std::optional<NameError> error_;
};

static_assert(std::is_trivially_copyable_v<LookupName> && std::is_trivially_destructible_v<LookupName>);

}  // namespace taut
