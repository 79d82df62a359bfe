// What the converters share: they walk over the statements of a source and set the keys of a TautFile. Whatever a
// converter does not know, or cannot express, it notes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "statement.hpp"
#include "taut_file.hpp"
#include "values.hpp"

namespace taut::importer {

class Converter {
 protected:
  static constexpr std::size_t maxListen = 1000;  // addresses

  // `folder` is what relative paths lead from.
  explicit Converter(std::string folder) : folder_(std::move(folder)) {}

  // Each sets a key by the statement's value, or notes the statement.
  void setCount(std::optional<std::int64_t>& key, const Statement& statement, const Range& range) {
    setCount(key, statement, number(statement.value()), range);
  }
  void setCount(std::optional<std::int64_t>& key, const Statement& statement, std::optional<std::int64_t> value,
                const Range& range);
  void setText(std::optional<std::string>& key, const Statement& statement);
  // An identity, which hides itself where it is empty.
  void setIdentity(const Statement& statement);

  // Of the rate limit; the statements count only where there is a limit.
  void setRateLimit(std::optional<std::int64_t>& key, const Statement& statement, const Range& range);
  // A limit of 0 is none. What the source has no key for is as the source does it.
  void setResponses(const Statement& statement, std::int64_t slip);

  // Yes, no, or a note.
  std::optional<bool> flag(const Statement& statement);

  // Where taut has something like what the keyword says; empty where that is not known.
  static std::string_view like(std::string_view keyword);
  // Notes a statement without a key, with the keys that do something like it where these are known.
  void unknown(const Statement& statement);
  void unsupported(const Statement& statement, std::string_view remark = {}) { file_.unsupported(statement, remark); }
  // Notes what counts only where something is forwarded.
  void needsForwarding(const Statement& statement) { TautFile::noteOn(file_.forward.notes, statement); }

  // Of what the source does without saying it.
  void unsaid(std::string_view what, std::string_view remark);

  // Whether those who may ask for a zone are at least those that server.allow-query is for, which holds for all zones.
  // `networks` may be narrower than the source's; nothing is all clients.
  bool isServable(const std::optional<std::vector<std::string>>& networks) const;
  static constexpr std::string_view fewerClients = "fewer clients may ask for it than server.allow-query is for";

  // Throws SyntaxError where there are too many addresses.
  void listenOn(const std::string& address, const Place& place);
  // Leaves the addresses out where they are all addresses and port 53, as without any.
  TautFile finish();

  std::string folder_;
  TautFile file_;
};

}  // namespace taut::importer
