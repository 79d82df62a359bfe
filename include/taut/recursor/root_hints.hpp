// Where the servers of the root are said to be: the first priming query goes to one of them, and its answer is what is
// believed from then on (RFC 8109).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "taut/recursor/delegation.hpp"
#include "taut/zone/diagnostic.hpp"

namespace taut {

// Where Debian's package dns-root-data has them.
inline constexpr std::string_view systemRootHints = "/usr/share/dns/root.hints";

struct RootHints {
  // The 13 servers of the root with their 26 addresses, as IANA publishes them.
  static RootHints builtIn();

  std::vector<Delegation::Server> servers;  // `maxNameServers` at most
};

// Takes the hints from a file in master-file form, which has the NS records of the root and A and AAAA records of these
// servers, before or after them, and nothing else; a TTL may be left out, and names without a final dot are absolute.
// Returns what is wrong with the file, ten messages at most. Where one of them is an error, `hints` is as it was.
std::vector<Diagnostic> readRootHints(const std::string& path, RootHints& hints);
// The same for text in memory; `name` stands for the path in the messages.
std::vector<Diagnostic> parseRootHints(std::string_view text, const std::string& name, RootHints& hints);

// Those of the system's file, or else the built-in ones. A file that is there and cannot be used is logged.
RootHints defaultRootHints(const std::string& path = std::string(systemRootHints));

}  // namespace taut
