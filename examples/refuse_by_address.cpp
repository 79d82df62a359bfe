// Tells every client its own address, if it comes from one of the networks that were given; refuses all others.
#include "taut/taut.hpp"

using namespace taut;
using namespace std::chrono_literals;

class Mirror final : public Resolver {
 public:
  Task<std::optional<Answer>> resolve(const Query& query) override {
    Answer answer;
    if (query.type() == Type::TXT) answer.add(query.name(), 0s, rdata::TXT(query.peer().hostText()));
    co_return answer;
  }
};

// The address policy decides, as in any server. This server also logs the refusal.
class Doorkeeper final : public ServerFactory {
 public:
  using ServerFactory::ServerFactory;

  Task<Admission> allowQuery(const Query& query, const ReplyChannel& channel) override {
    const Admission admission = co_await ServerFactory::allowQuery(query, channel);
    if (admission == Admission::refuse) log::info("refused {} to {}", query.name(), query.peer());
    co_return admission;
  }
};

int main(int argc, char** argv) {
  const auto address = argc >= 3 ? Address::parse(argv[1], 53) : std::nullopt;
  if (!address) {
    fmt::print(stderr, "usage: refuse_by_address ADDRESS[:PORT] NETWORK...\n");
    return 2;
  }
  AddressPolicy policy(AddressPolicy::Action::refuse);
  for (int i = 2; i < argc; ++i) policy.allow(argv[i]);

  ServerOptions options;
  options.listen = {*address};
  Server server(options, [&](Shard&) {
    auto factory = std::make_unique<Doorkeeper>(ServerFactory::Resolvers{std::make_shared<Mirror>()});
    factory->setAddressPolicy(policy);
    return factory;
  });
  return server.run();
}
