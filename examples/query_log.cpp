// Serves a zone, and writes a line of JSON for each message that came in, also for what was dropped or limited.
#include <nlohmann/json.hpp>

#include "taut/taut.hpp"

using namespace taut;

int main(int, char** argv) {  // ADDRESS[:PORT] LOG ZONE-FILE
  std::FILE* const file = std::fopen(argv[2], "a");
  const ZoneLoad load = loadZone(ZoneSource{argv[3], {}, Class::IN});
  Server server({.listen = {Address::parse(argv[1], 53).value()}}, [&](Shard&) {
    const auto zones = std::make_shared<const ZoneSet>(std::span(&load.zone, 1));
    auto factory = std::make_unique<ServerFactory>(ServerFactory::Resolvers{std::make_shared<Authority>(zones)});
    factory->setOnReply([file](const MessageEnd& end) {
      nlohmann::json line{{"client", end.client.toText()}, {"source", end.source.toText()}, {"outcome", end.outcome}};
      line.update({{"tcp", end.transport == Transport::tcp}, {"size", end.size()}, {"ns", end.duration.count()}});
      if (end.query) line.update({{"name", end.query->name().toString()}, {"type", toString(end.query->type())}});
      if (end.rcode) line["rcode"] = toString(*end.rcode);
      fmt::print(file, "{}\n", line.dump());
    });
    return factory;
  });
  return server.run();
}
