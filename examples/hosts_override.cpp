// Answers the addresses of a hosts file's names, and the names of its addresses, from the file, and forwards all other
// queries to another server. A change of the file counts within a second.
#include "taut/resolver/hosts_client.hpp"
#include "taut/resolver/hosts_loader.hpp"
#include "taut/taut.hpp"

using namespace taut;

int main(int argc, char** argv) {
  const auto address = argc == 4 ? Address::parse(argv[1], 53) : std::nullopt;
  const auto upstream = argc == 4 ? Address::parse(argv[3], 53) : std::nullopt;
  if (!address || !upstream) {
    fmt::print(stderr, "usage: hosts_override ADDRESS[:PORT] HOSTS-FILE UPSTREAM[:PORT]\n");
    return 2;
  }
  HostsFile hostsFile(argv[2]);
  std::vector<std::shared_ptr<Hosts>> hosts;  // one for each shard

  ServerOptions options;
  options.listen = {*address};
  Server server(options, [&](Shard& shard) {
    ForwarderOptions forwarding;
    forwarding.servers = {*upstream};
    hosts.push_back(std::make_shared<Hosts>(hostsFile.table(), Hosts::OtherTypes::nextResolver));
    const ServerFactory::Resolvers authorities = {hosts.back()};
    const ServerFactory::Caches caches = {std::make_shared<Cache>(16 << 20)};
    auto forwarder = std::make_shared<Forwarder>(shard, forwarding);
    const ServerFactory::Resolvers clients = {std::make_shared<HostsClient>(hosts.back(), std::move(forwarder))};
    return std::make_unique<ServerFactory>(authorities, caches, clients);
  });
  std::optional<HostsLoader> loader;
  const auto reload = [&] { loader->request(); };
  const auto started = [&] {
    loader.emplace(hostsFile, [&](std::shared_ptr<const HostsTable> table) {
      server.post([&, table](std::size_t shard, ServerFactory&) { hosts[shard]->replace(table); });
    });
  };
  return server.run(reload, started);
}
