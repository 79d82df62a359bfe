// Answers the names of a hosts file from the file, and forwards all other queries to another server. A change of the
// file counts within a second.
#include <memory>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "taut/resolver/cache.hpp"
#include "taut/resolver/forwarder.hpp"
#include "taut/resolver/hosts.hpp"
#include "taut/server/server.hpp"

using namespace taut;

int main(int argc, char** argv) {
  const auto address = argc == 4 ? Address::parse(argv[1], 53) : std::nullopt;
  const auto upstream = argc == 4 ? Address::parse(argv[3], 53) : std::nullopt;
  if (!address || !upstream) {
    fmt::print(stderr, "usage: hosts_override ADDRESS[:PORT] HOSTS-FILE UPSTREAM[:PORT]\n");
    return 2;
  }
  const std::string hostsFile = argv[2];

  ServerOptions options;
  options.listen = {*address};
  Server server(options, [&](Shard& shard) {
    ForwarderOptions forwarding;
    forwarding.servers = {*upstream};
    const ServerFactory::Resolvers authorities = {std::make_shared<Hosts>(hostsFile)};
    const ServerFactory::Caches caches = {std::make_shared<Cache>(16 << 20)};
    const ServerFactory::Resolvers clients = {std::make_shared<Forwarder>(shard, forwarding)};
    return std::make_unique<ServerFactory>(authorities, caches, clients);
  });
  return server.run();
}
