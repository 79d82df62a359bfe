// What an operator writes for a handler into the table `options` of its [[handler]]: values by their names, of which
// the handler says what they have to be.
//
//   options = { prefix = "ws", ttl = "5m", networks = ["10.0.0.0/8"] }
//
//   Settings(const HandlerOptions& options)
//       : prefix(options.text("prefix")), ttl(options.duration("ttl", 60s)), clients(options.networks("networks")) {}
//
// A value of another type or out of its range, one that is missing where there has to be one, and one that was never
// asked for are mistakes of the operator, told with their places in the file. Names of values in a table within the
// table have a dot: `limits.rate`.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "taut/base/address.hpp"
#include "taut/base/address_policy.hpp"
#include "taut/base/input_file.hpp"
#include "taut/dns/name.hpp"

namespace taut {

// A mistake of the operator in the options: what is wrong, behind FILE:LINE:COLUMN.
class HandlerOptionError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Not used by several threads at a time. What asks for a value throws HandlerOptionError where there is a mistake in
// it, or where there is none and the call names nothing in its place.
class HandlerOptions {
 public:
  // One text of a list.
  struct Item {
    std::string text;
    std::string place;

    friend bool operator==(const Item& left, const Item& right) { return left.text == right.text; }
  };
  using Value = std::variant<bool, std::int64_t, std::string, std::vector<Item>>;

  // `place` is that of the table: where values are missing.
  explicit HandlerOptions(std::string place = "options") : place_(std::move(place)) {}

  // The place is what messages about the value begin with.
  HandlerOptions& set(std::string name, Value value, std::string place);

  bool has(std::string_view name) const { return find(name) != nullptr; }

  bool flag(std::string_view name, bool otherwise) const;

  // From `least` to `most`.
  std::int64_t integer(std::string_view name, std::int64_t least, std::int64_t most) const;
  std::int64_t integer(std::string_view name, std::int64_t least, std::int64_t most, std::int64_t otherwise) const;

  // Not empty.
  std::string text(std::string_view name) const;
  std::string text(std::string_view name, std::string_view otherwise) const;

  // A text with a unit, ms, s, m, h or d: "500ms".
  std::chrono::milliseconds duration(std::string_view name) const;
  std::chrono::milliseconds duration(std::string_view name, std::chrono::milliseconds otherwise) const;

  Name name(std::string_view name) const;
  // With a port or else with this one.
  Address address(std::string_view name, std::uint16_t port) const;

  // The absolute path of a file that can be read. A reload makes the handler anew where the file has changed.
  std::string file(std::string_view name) const;

  // Lists of texts, which are empty where there is no such value.
  std::vector<std::string> texts(std::string_view name) const;
  std::vector<Name> names(std::string_view name) const;
  std::vector<Address> addresses(std::string_view name, std::uint16_t port) const;
  // Allows these networks, each ADDRESS/LENGTH or an address, and refuses all others.
  AddressPolicy networks(std::string_view name) const;

  // Throws HandlerOptionError: the value is not what the handler expects for a reason of its own.
  [[noreturn]] void reject(std::string_view name, std::string_view expected) const;

  // Throws HandlerOptionError where a value was never asked for.
  void requireAllAskedFor() const;

  // Whether a file that was asked for is another one by now.
  bool hasChangedFiles() const;

  // The same values, whatever their places.
  friend bool operator==(const HandlerOptions& left, const HandlerOptions& right) {
    return left.options_ == right.options_;
  }

 private:
  struct Option {
    Value value;
    std::string place;
    mutable bool askedFor = false;

    friend bool operator==(const Option& left, const Option& right) { return left.value == right.value; }
  };

  const Option* find(std::string_view name) const;
  template <typename T>
  const T* get(std::string_view name, std::string_view expected) const;
  template <typename Result, typename Parse>
  std::vector<Result> list(std::string_view name, std::string_view expected, const Parse& parse) const;
  [[noreturn]] void missing(std::string_view name, std::string_view expected) const;

  std::string place_;
  std::map<std::string, Option, std::less<>> options_;
  mutable std::map<std::string, FileVersion> files_;     // by paths
  mutable std::set<std::string, std::less<>> askedFor_;  // whether there or not, for the message about another one
};

}  // namespace taut
