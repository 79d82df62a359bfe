// A zone whose records another thread adds and removes while it is served. Standard input says what: "add NAME ADDRESS"
// and "del NAME".
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>

#include <fmt/format.h>

#include "taut/taut.hpp"

using namespace taut;
using namespace std::chrono_literals;

void obey(DynamicZone& zone) {
  for (std::string verb, name, text; std::cin >> verb >> name;) {
    auto change = zone.change();
    const auto owner = Name::parse(name, zone.origin());
    const auto address = verb == "add" && std::cin >> text ? Address::parse(text) : std::nullopt;
    if (owner && address && address->isV4()) change.add(*owner, 1min, rdata::A(address->hostText()));
    if (owner && verb == "del") change.removeName(*owner);
    if (const auto committed = change.commit(); !committed) log::warning("{}", committed.error());
  }
}

int main(int argc, char** argv) {
  const auto address = argc == 2 ? Address::parse(argv[1], 53) : std::nullopt;
  if (!address) {
    fmt::print(stderr, "usage: dynamic_zone ADDRESS[:PORT]\n");
    return 2;
  }
  DynamicZone zone(
      parseZone("@ 60 SOA ns ns 1 3600 600 86400 60\n@ 60 NS ns\nns 60 A 127.0.0.1\n", Name("dyn.example.")).zone);
  const ServerOptions options{.listen = {*address}};
  Server server(options, [&](Shard& shard) {
    return std::make_unique<ServerFactory>(ServerFactory::Resolvers{std::make_shared<Authority>(shard, zone)});
  });
  const int status = server.run({}, [&] { std::thread([&] { obey(zone); }).detach(); });
  log::flush();
  std::_Exit(status);  // the thread may wait for a line still
}
