// Answers workstationN.example.com with 192.0.2.N, N being 0 to 255, and refuses everything else.
#include <charconv>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "taut/dns/rdata.hpp"
#include "taut/server/server.hpp"

using namespace taut;
using namespace std::chrono_literals;

namespace {

std::optional<std::uint8_t> workstationNumber(NameView name) {
  static const Name zone("example.com");
  constexpr std::string_view prefix = "workstation";
  if (!name.isBelow(zone) || name.parent() != zone || !name.firstLabel().starts_with(prefix)) return std::nullopt;
  const std::string_view digits = name.firstLabel().substr(prefix.size());
  std::uint8_t number = 0;
  const auto [end, error] = std::from_chars(digits.begin(), digits.end(), number);
  if (error != std::errc{} || end != digits.end()) return std::nullopt;
  return number;
}

class Workstations final : public Resolver {
 public:
  Task<std::optional<Answer>> resolve(const Query& query) override {
    const auto host = workstationNumber(query.name());
    if (query.type() != Type::A || !host) co_return std::nullopt;  // not mine: ask the next resolver
    Answer answer;
    answer.add(query.name(), 5min, rdata::A(192, 0, 2, *host));
    co_return answer;
  }
};

}  // namespace

int main(int argc, char** argv) {
  const auto address = argc == 2 ? Address::parse(argv[1], 53) : std::nullopt;
  if (!address) {
    fmt::print(stderr, "usage: workstations ADDRESS[:PORT]\n");
    return 2;
  }
  ServerOptions options;
  options.listen = {*address};
  Server server(options, [](Shard&) {
    return std::make_unique<ServerFactory>(ServerFactory::Resolvers{std::make_shared<Workstations>()});
  });
  return server.run();
}
