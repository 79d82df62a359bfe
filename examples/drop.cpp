// Drops queries for drop. and all names below it without a reply, and answers all others with the client's address.
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

class Dropping final : public ServerFactory {
 public:
  using ServerFactory::ServerFactory;

  Task<Admission> allowQuery(const Query& query, const ReplyChannel& channel) override {
    if (query.name().view().isWithin(drop_)) return Admission::drop;
    return ServerFactory::allowQuery(query, channel);
  }

 private:
  const Name drop_{"drop."};
};

int main(int argc, char** argv) {
  const auto address = argc == 2 ? Address::parse(argv[1], 53) : std::nullopt;
  if (!address) return fmt::print(stderr, "usage: drop ADDRESS[:PORT]\n"), 2;
  Server server({.listen = {*address}}, [](Shard&) {
    return std::make_unique<Dropping>(ServerFactory::Resolvers{std::make_shared<Mirror>()});
  });
  return server.run();
}
