#include "expectation.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "taut/base/units.hpp"

namespace taut::config {

namespace {

std::string rangeOf(const Key& key) {
  if (!key.hasRange()) return {};
  if (key.type == ValueType::size) return fmt::format(" up to {}", sizeText(key.most));
  if (key.type == ValueType::duration)
    return fmt::format(" from {} to {}", durationText(key.least), durationText(key.most));
  if (key.type == ValueType::count) return fmt::format(" from {} to {}", key.least, key.most);
  return fmt::format(" of {} to {} octets", key.least, key.most);
}

}  // namespace

std::string expectationOfOne(const Key& key) {
  switch (key.type) {
    case ValueType::boolean:
      return "true or false";
    case ValueType::count:
      return "a whole number" + rangeOf(key);
    case ValueType::size:
      return fmt::format("a size{}, such as \"64M\"", rangeOf(key));
    case ValueType::duration:
      return fmt::format("a duration{}, such as \"10s\"", rangeOf(key));
    case ValueType::text:
      return "a text" + rangeOf(key);
    case ValueType::textOrFalse:
      return fmt::format("a text{}, or false", rangeOf(key));
    case ValueType::choice:
      return fmt::format("one of \"{}\"", fmt::join(key.choices, "\", \""));
    case ValueType::file:
      return "the path of a file";
    case ValueType::folder:
      return "the path of a folder";
    case ValueType::address:
      return "an address such as \"192.0.2.1\" or \"[2001:db8::1]:5300\"";
    case ValueType::network:
      return "a network such as \"192.0.2.0/24\", or the name of an [acl]";
    case ValueType::domain:
      return "a domain name such as \"example.com\"";
    case ValueType::secret:
      return "a secret in base64";
    case ValueType::any:
      return "true or false, a whole number, a text, a list of texts, or a table of these";
  }
  return {};
}

std::string expectation(const Key& key) {
  return key.list ? fmt::format("a list, each {}", expectationOfOne(key)) : expectationOfOne(key);
}

}  // namespace taut::config
