#include "text_values.hpp"

#include <string>
#include <utility>

#include <fmt/format.h>

namespace taut::config {

namespace {

// The interface that the text names after a %, where it would be an address with another one.
std::optional<std::string> scopeOf(const std::string& text) {
  const std::size_t begin = text.find('%');
  if (begin == std::string::npos) return std::nullopt;
  const std::string scope = text.substr(begin + 1, text.find(']') - begin - 1);
  std::string other = text;
  other.replace(begin, 1 + scope.size(), "%1");
  return Address::parse(other) ? std::optional(scope) : std::nullopt;
}

}  // namespace

std::optional<Address> addressOf(const Item& item, std::uint16_t port, Mistakes& mistakes) {
  const auto mistake = [&](std::string text) { mistakes.push_back({item.origin, std::move(text)}); };
  const auto address = Address::parse(item.text, port);
  if (address && address->isV6() && address->isLinkLocal() && address->scope() == 0)
    mistake(fmt::format("'{}' may be on each interface; expected it with the name of one, such as {:h}%eth0", item.text,
                        *address));
  else if (const auto scope = scopeOf(item.text); !address && scope)
    mistake(fmt::format("'{}': there is no interface {}; `ip link` lists those that there are", item.text, *scope));
  else if (!address)
    mistake(fmt::format("'{}' is not an address; expected one such as 192.0.2.1 or 2001:db8::1", item.text));
  return address;
}

std::optional<Name> nameOf(const std::string& text, const Origin& origin, Mistakes& mistakes) {
  const auto mistake = [&](const char* what) {
    mistakes.push_back({origin, fmt::format("'{}' {}; expected {} such as example.com", text, what,
                                            text.find_first_of(" \t\r\n\v\f") == text.npos ? "one" : "a domain name")});
    return std::nullopt;
  };
  if (text.find_first_of(" \t\r\n\v\f") != text.npos) return mistake("has white space");
  const auto name = Name::parse(text);
  if (!name) return mistake("is not a domain name");
  return *name;
}

std::string within(const std::string& folder, const std::string& path) {
  if (folder.empty() || path.starts_with('/')) return path;
  return folder.ends_with('/') ? folder + path : folder + '/' + path;
}

std::string resolved(const std::string& path, const Origin& origin) {
  return within(origin.folder(), path);
}

bool mayBeAddress(std::string_view text) {
  return text.find(':') != text.npos || text.find_first_not_of("0123456789.") == text.npos;
}

}  // namespace taut::config
