// Every key of the configuration: one table, from which come the readers of the front ends with their checks, the
// defaults, the manual page and the JSON schema.
//
// A path names a key from the top of the file: `server.identity`. `zone[].name` is a key of each table of the list
// `zone`; in `acl.*` the star stands for a name that the operator chooses. Such a name stands in quotes where it has a
// dot: `tsig."transfer.example".algorithm`.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace taut::config {

// What times are told in: milliseconds.
inline constexpr std::int64_t second = 1000;

enum class ValueType : std::uint8_t {
  boolean,
  count,     // a whole number
  size,      // octets: a whole number, or a text such as "64M"
  duration,  // a text such as "10s" or "500ms"
  text,
  textOrFalse,
  choice,  // one of the texts in `choices`
  file,    // a path, relative to the file that names it
  folder,
  address,  // with a port or without
  network,  // ADDRESS/LENGTH, an address, or a name of [acl]
  domain,
  secret,  // in base64; never shown
  any,     // what a handler takes: true or false, a whole number, a text, a list of texts, or a table of these
};

// What a change of the key needs.
enum class Reload : std::uint8_t { live, restart };

struct Key {
  std::string_view path{};
  ValueType type = ValueType::text;
  bool list = false;
  std::int64_t least = 0;     // of a count; of a size in octets; of a duration in milliseconds; of a text in octets
  std::int64_t most = 0;      // likewise; where both are 0 there is no range
  std::string_view preset{};  // the value where none is given, as the command line would write it; empty: none
  std::string_view absent{};  // in words, what holds where none is given and there is no preset
  Reload reload = Reload::live;
  std::span<const std::string_view> choices{};
  std::string_view text{};  // what it is: one sentence

  bool hasRange() const { return least != 0 || most != 0; }
};

std::span<const Key> schema();

// The key with this very path; null where there is none.
const Key* findKey(std::string_view path);

// The same for a path that a program names: a fault of ours where there is none.
const Key& keyOf(std::string_view path);

// The key of a value in a file: the one with this path, or with a star in the place of a name. The values of any
// type that stand in one table have one key, also those in tables within it. Null where there is none.
const Key* findKeyFor(std::string_view path);

// Whether it is a key of a zone that the server serves, of which there may be very many.
bool isOfServedZone(const Key& key);

// The name at the start of a path, with its quotes where it has some.
std::string_view firstName(std::string_view path);

// A name of a path as it was meant.
std::string_view withoutQuotes(std::string_view name);

// Whether names of a table, whose path ends with a dot, may have any character that a domain name has.
bool takesAnyName(std::string_view table);

// What stands at a path. Where it may be a key or a table, it is what is in the schema by this very path, or a table.
enum class Place : std::uint8_t { unknown, key, table, list };
Place placeOf(std::string_view path);

// The path, or that of a table in the brackets that it has in a file: `view.zone` and `[[view.zone]]` for
// `view[].zone[]`.
std::string inFile(std::string_view path);
std::string tableHeader(std::string_view path);

// What may stand within a table, keys and tables, in the order of the schema. The prefix is the table's path with a
// dot, or empty for the top of the file.
std::vector<std::string_view> namesWithin(std::string_view prefix);

}  // namespace taut::config
