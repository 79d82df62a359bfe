// Drops queries for drop. and all names below it without a reply, and answers all others with the client's address.
#include <chrono>

#include "taut/dns/rdata.hpp"
#include "taut/server/server.hpp"

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
    if (query.name().view().isWithin(drop_)) return Task<Admission>::ready(Admission::drop);
    return ServerFactory::allowQuery(query, channel);
  }

 private:
  const Name drop_{"drop."};
};

int main(int, char** argv) {  // ADDRESS[:PORT]
  Server server({.listen = {Address::parse(argv[1], 53).value()}}, [](Shard&) {
    return std::make_unique<Dropping>(ServerFactory::Resolvers{std::make_shared<Mirror>()});
  });
  return server.run();
}
