// A secondary name server: it gets a zone from another server, with a key where one is given, keeps it up to date by
// NOTIFY and by the times of its SOA, and answers from it.
#include <memory>
#include <string>

#include <fmt/format.h>

#include "taut/resolver/secondary_authority.hpp"
#include "taut/taut.hpp"

using namespace taut;

int main(int argc, char** argv) {
  const auto address = argc >= 4 ? Address::parse(argv[1], 53) : std::nullopt;
  const auto zone = argc >= 4 ? Name::parse(argv[2]) : std::nullopt;
  const auto primary = argc >= 4 ? Address::parse(argv[3], 53) : std::nullopt;
  const auto keyName = argc == 6 ? Name::parse(argv[4]) : std::nullopt;
  const auto secret = argc == 6 ? parseTsigSecret(argv[5]) : std::nullopt;
  if (!address || !zone || !primary || (argc != 4 && !(keyName && secret))) {
    fmt::print(stderr, "usage: secondary ADDRESS[:PORT] ZONE PRIMARY[:PORT] [KEY SECRET]\n");
    return 2;
  }
  PrimaryOptions from{.addresses = {*primary}};
  auto keys = std::make_shared<const KeyRing>();
  if (secret) {
    keys = std::make_shared<const KeyRing>(std::vector<TsigKey>{{*keyName, TsigAlgorithm::hmacSha256, *secret}});
    from.key = std::make_shared<const TsigKey>(keys->keys().front());
  }
  SecondaryAuthorityService secondary({from}, {*zone});
  const ServerOptions options{.listen = {*address}};
  Server server(options, [&](Shard& shard) {
    auto factory = std::make_unique<ServerFactory>(
        ServerFactory::Resolvers{std::make_shared<SecondaryAuthority>(shard, secondary)});
    factory->setKeys(keys);
    factory->setOnNotify([&](const Notification& notice) {
      const bool known = secondary.notified(notice.zone, notice.query->peer(), notice.serial);
      return known ? NotifyVerdict::accepted : NotifyVerdict::notSecondary;
    });
    return factory;
  });
  return server.run();
}
