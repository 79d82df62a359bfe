// Answers with the data of a TCP service, which gets a line with the name, sends an IPv4 address or nothing, and
// closes. A cache in front of it keeps each answer for a minute.
#include <array>

#include "taut/taut.hpp"

using namespace taut;
using namespace std::chrono_literals;

class Inventory final : public Resolver {
 public:
  Inventory(Shard& shard, const Address& service) : shard_(shard), service_(service) {}

  Task<std::optional<Answer>> resolve(const Query& query) override {
    if (query.type() != Type::A) co_return std::nullopt;
    auto asked = ask(query.name().toString() + "\n");
    const auto reply = co_await withDeadline(shard_, 2s, std::move(asked));
    if (!reply || !*reply) co_return Answer::serverFailure();
    const auto address = Address::parse(**reply);
    if (!address || !address->isV4()) co_return Answer::nameError();
    Answer answer;
    answer.add(query.name(), 1min, rdata::A(address->hostText()));
    co_return answer;
  }

 private:
  Task<std::optional<std::string>> ask(std::string question) {
    auto service = co_await TcpStream::connect(shard_, service_);
    if (!service) co_return std::nullopt;
    const IoResult asked = co_await service->writeAll(asBytes(question));
    std::array<std::uint8_t, 64> reply;
    const IoResult said = co_await service->readExactly(reply);
    if (!asked || !said) co_return std::nullopt;
    co_return std::string(asText(ByteSpan(reply).first(said.value())));
  }

  Shard& shard_;
  Address service_;
};

int main(int argc, char** argv) {
  const auto address = argc == 3 ? Address::parse(argv[1], 53) : std::nullopt;
  const auto service = argc == 3 ? Address::parse(argv[2]) : std::nullopt;
  if (!address || !service) {
    fmt::print(stderr, "usage: tcp_backend ADDRESS[:PORT] SERVICE:PORT\n");
    return 2;
  }
  const ServerOptions options{.listen = {*address}, .threads = 1};  // one thread, and so one cache
  Server server(options, [&](Shard& shard) {
    const ServerFactory::Caches caches = {std::make_shared<Cache>(1 << 20)};
    const ServerFactory::Resolvers clients = {std::make_shared<Inventory>(shard, *service)};
    return std::make_unique<ServerFactory>(ServerFactory::Resolvers{}, caches, clients);
  });
  return server.run();
}
