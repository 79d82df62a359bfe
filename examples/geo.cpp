// Addresses by the client's network, which its client subnet (RFC 7871) tells or its address; elsewhere three of four
// clients get the first of two.
#include <random>

#include "taut/taut.hpp"

using namespace taut;
using namespace std::chrono_literals;

class Geo final : public Resolver {
 public:
  Task<std::optional<Answer>> resolve(const Query& query) override {
    if (query.type() != Type::A) co_return std::nullopt;
    const Address where = query.clientNetwork().network;
    Answer answer;
    answer.setClientSubnetScope(where.isV6() ? 32 : 24);  // as long as the networks below
    if (europe_.allows(where))
      answer.add(query.name(), 30s, rdata::A(10, 1, 0, 1));
    else
      answer.add(query.name(), 30s, rdata::A(10, 2, 0, elsewhere_(random_) == 0 ? 1 : 2));
    co_return answer;
  }

 private:
  AddressPolicy europe_ = AddressPolicy(AddressPolicy::Action::refuse).allow("192.0.2.0/24").allow("2001:db8::/32");
  std::mt19937 random_{std::random_device{}()};
  std::discrete_distribution<int> elsewhere_{3, 1};
};

int main(int argc, char** argv) {
  const auto address = argc == 2 ? Address::parse(argv[1], 53) : std::nullopt;
  if (!address) return fmt::print(stderr, "usage: geo ADDRESS[:PORT]\n"), 2;
  Server server({.listen = {*address}}, [](Shard&) {
    return std::make_unique<ServerFactory>(ServerFactory::Resolvers{std::make_shared<Geo>()});
  });
  return server.run();
}
