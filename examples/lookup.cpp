// Resolves a name without a server of its own: by the servers of /etc/resolv.conf, or by the one that is given.
#include <optional>

#include <fmt/format.h>

#include "taut/client/blocking_lookup.hpp"

using namespace taut;

int main(int argc, char** argv) {
  const auto type = argc >= 3 ? typeFromText(argv[2]) : std::nullopt;
  const auto server = argc == 4 ? Address::parse(argv[3], 53) : std::nullopt;
  if (!type || argc > 4 || (argc == 4 && !server)) {
    fmt::print(stderr, "usage: lookup NAME TYPE [SERVER[:PORT]]\n");
    return 2;
  }
  ClientOptions options;
  if (server) options.servers = {*server};
  const auto found = lookup(argv[1], *type, options);
  if (!found) fmt::print(stderr, "{}\n", found.reason());
  for (const LookupRecord& record : found) fmt::print("{}\n", record.toString());
  return found ? 0 : 1;
}
