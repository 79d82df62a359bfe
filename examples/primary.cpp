// A primary: serves a master file and lets the clients of a network transfer it, whole or what has changed since the
// version that they have. SIGHUP has it read the file again.
#include "taut/server/transfer_settings.hpp"
#include "taut/taut.hpp"
#include "taut/zones/zone_loader.hpp"
#include "taut/zones/zone_store.hpp"

using namespace taut;

int main(int argc, char** argv) {
  const auto address = argc == 5 ? Address::parse(argv[1], 53) : std::nullopt;
  const auto origin = argc == 5 ? Name::parse(argv[2]) : std::nullopt;
  if (!address || !origin) {
    fmt::print(stderr, "usage: primary ADDRESS[:PORT] ORIGIN FILE NETWORK\n");
    return 2;
  }
  ZoneStore store;
  auto transfers = std::make_shared<TransferSettings>();
  try {
    transfers->allow(*origin, AddressPolicy(AddressPolicy::Action::refuse).allow(argv[4]));
    store.load({{.path = argv[3], .origin = *origin, .keepsDifferences = true}});
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
  transfers->differences = store.differences();

  std::vector<std::shared_ptr<Authority>> authorities;  // one for each shard
  ServerOptions options;
  options.listen = {*address};
  Server server(options, [&](Shard& shard) {
    authorities.push_back(std::make_shared<Authority>(store.zones()));
    auto factory = std::make_unique<ServerFactory>(ServerFactory::Resolvers{authorities.back()});
    factory->setTransfers(shard, transfers);
    return factory;
  });
  const auto publish = [&](const ZonePublication& publication) {
    server.post([&, publication](std::size_t shard, ServerFactory&) { authorities[shard]->serve(publication); });
  };
  std::optional<ZoneLoader> loader;
  const int status = server.run([&] { loader->request(); }, [&] { loader.emplace(store, publish); });
  loader.reset();
  return status;
}
