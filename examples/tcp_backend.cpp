// Answers with what a TCP service says. Each question goes there as one line, the name; the service answers with one
// line, an IPv4 address or nothing, and closes. A cache in front keeps what it said for a minute.
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "taut/dns/rdata.hpp"
#include "taut/io/deadline.hpp"
#include "taut/net/tcp_stream.hpp"
#include "taut/server/server.hpp"

using namespace taut;
using namespace std::chrono_literals;

namespace {

class Inventory final : public Resolver {
 public:
  Inventory(Shard& shard, const Address& service) : shard_(shard), service_(service) {}

  Task<std::optional<Answer>> resolve(const Query& query) override {
    if (query.type() != Type::A) co_return std::nullopt;
    Deadline deadline(shard_, 2s, query.stopToken());
    auto service = co_await TcpStream::connect(shard_, service_, deadline.token());
    if (!service) co_return Answer::serverFailure();

    const std::string question = query.name().toString() + "\n";
    const IoResult asked = co_await service->writeAll(asBytes(question), deadline.token());
    std::array<std::uint8_t, 64> line;
    const IoResult said = co_await service->readExactly(line, deadline.token());
    if (!asked || !said) co_return Answer::serverFailure();

    const std::string_view text = asText(ByteSpan(line).first(said.value()));
    const auto address = Address::parse(text.substr(0, text.find('\n')));
    if (!address || !address->isV4()) co_return Answer::nameError();
    const auto octets = address->bytes();
    Answer answer;
    answer.add(query.name(), 1min, rdata::A(octets[0], octets[1], octets[2], octets[3]));
    co_return answer;
  }

 private:
  Shard& shard_;
  Address service_;
};

}  // namespace

int main(int argc, char** argv) {
  const auto address = argc == 3 ? Address::parse(argv[1], 53) : std::nullopt;
  const auto service = argc == 3 ? Address::parse(argv[2]) : std::nullopt;
  if (!address || !service) {
    fmt::print(stderr, "usage: tcp_backend ADDRESS[:PORT] SERVICE:PORT\n");
    return 2;
  }
  ServerOptions options;
  options.listen = {*address};
  options.threads = 1;  // one cache
  Server server(options, [&](Shard& shard) {
    const ServerFactory::Caches caches = {std::make_shared<Cache>(1 << 20)};
    const ServerFactory::Resolvers clients = {std::make_shared<Inventory>(shard, *service)};
    return std::make_unique<ServerFactory>(ServerFactory::Resolvers{}, caches, clients);
  });
  return server.run();
}
