// Tells who signs its queries with a shared key (TSIG) which key that was, and refuses all others.
#include "taut/taut.hpp"

using namespace taut;
using namespace std::chrono_literals;

class KeyTeller final : public Resolver {
 public:
  Task<std::optional<Answer>> resolve(const Query& query) override {
    Answer answer;
    if (query.type() == Type::TXT) answer.add(query.name(), 0s, rdata::TXT(query.key()->name.toString()));
    co_return answer;
  }
};

int main(int argc, char** argv) {
  const auto address = argc == 4 ? Address::parse(argv[1], 53) : std::nullopt;
  const auto name = argc == 4 ? Name::parse(argv[2]) : std::nullopt;
  const auto secret = argc == 4 ? parseTsigSecret(argv[3]) : std::nullopt;
  if (!address || !name || !secret) {
    fmt::print(stderr, "usage: signed_only ADDRESS[:PORT] NAME SECRET\n");
    return 2;
  }
  const auto keys = std::make_shared<const KeyRing>(std::vector<TsigKey>{{*name, TsigAlgorithm::hmacSha256, *secret}});
  AccessList access = AddressPolicy(AddressPolicy::Action::refuse);
  access.allow(AddressPolicy(), {*name});

  ServerOptions options;
  options.listen = {*address};
  Server server(options, [&](Shard&) {
    auto factory = std::make_unique<ServerFactory>(ServerFactory::Resolvers{std::make_shared<KeyTeller>()});
    factory->setKeys(keys);
    factory->setAddressPolicy(access);
    return factory;
  });
  return server.run();
}
