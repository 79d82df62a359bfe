// Split horizon: clients of one network see the zone of one file, and all others that of another file.
#include <cstdlib>

#include "taut/taut.hpp"

using namespace taut;

std::shared_ptr<const ZoneSet> zonesOf(const char* path) {
  const ZoneLoad load = loadZone(ZoneSource{path, {}, Class::IN});
  if (!load.ok()) {
    log::error("{}", load.firstError());
    std::exit(1);
  }
  return std::make_shared<ZoneSet>(std::span(&load.zone, 1));
}

int main(int argc, char** argv) {
  const auto address = argc == 5 ? Address::parse(argv[1], 53) : std::nullopt;
  if (!address) {
    fmt::print(stderr, "usage: split_horizon ADDRESS[:PORT] NETWORK INNER-FILE OUTER-FILE\n");
    return 2;
  }
  AddressPolicy inside(AddressPolicy::Action::refuse);
  inside.allow(argv[2]);
  const auto inner = zonesOf(argv[3]);
  const auto outer = zonesOf(argv[4]);
  ServerOptions options;
  options.listen = {*address};
  Server server(options, [&](Shard&) {
    auto factory = std::make_unique<ServerFactory>(ServerFactory::Resolvers{std::make_shared<Authority>(outer)});
    auto view = std::make_shared<View>(false);
    view->add(std::make_shared<Authority>(inner));
    factory->setViews({{inside, view}});
    return factory;
  });
  return server.run();
}
