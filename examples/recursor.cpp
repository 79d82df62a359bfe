// A resolver that finds answers itself, from the root down, and validates them; local names it knows.
#include "taut/recursor/recursor.hpp"

#include "taut/resolver/local_zones.hpp"
#include "taut/taut.hpp"

using namespace taut;

int main(int argc, char** argv) {
  const auto listen = argc > 1 ? Address::parse(argv[1], 53) : std::nullopt;
  if (!listen) return fmt::print(stderr, "usage: recursor ADDRESS\n"), 2;
  const auto anchors = std::make_shared<const TrustAnchors>(defaultTrustAnchors());
  Server server({.listen = {*listen}}, [&](Shard& shard) {
    return std::make_unique<ServerFactory>(ServerFactory::Resolvers{
        std::make_shared<LocalZones>(),
        std::make_shared<Recursor>(shard, RecursorOptions{.hints = defaultRootHints(), .anchors = anchors})});
  });
  return server.run();
}
