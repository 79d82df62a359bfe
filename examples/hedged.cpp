// Asks two servers at once. The first answer that is neither SERVFAIL nor REFUSED goes to the client, and the other
// question is given up; where both have failed, the client gets the failure.
#include "taut/taut.hpp"

using namespace taut;

struct Hedged final : Resolver {
  Hedged(Shard& shard, Address a, Address b) : one(shard, {.servers = {a}}), other(shard, {.servers = {b}}) {}
  Task<std::optional<Answer>> resolve(const Query& query) override {
    return firstOf(tasksOf(one.resolve(query), other.resolve(query)), [](const std::optional<Answer>& answer) {
      return answer && answer->rcode() != Rcode::SERVFAIL && answer->rcode() != Rcode::REFUSED;
    });
  }
  Task<> close() override { return allOf(tasksOf(one.close(), other.close())); }
  Forwarder one, other;
};

int main(int argc, char** argv) {
  const auto at = [&](int i) { return i < argc ? Address::parse(argv[i], 53) : std::nullopt; };
  if (!at(1) || !at(2) || !at(3)) return fmt::print(stderr, "usage: hedged ADDRESS UPSTREAM UPSTREAM\n"), 2;
  Server server({.listen = {*at(1)}}, [&](Shard& shard) {
    return std::make_unique<ServerFactory>(ServerFactory::Resolvers{std::make_shared<Hedged>(shard, *at(2), *at(3))});
  });
  return server.run();
}
