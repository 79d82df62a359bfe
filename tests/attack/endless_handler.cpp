// A server with a handler's mistake: a name that begins with "endless" waits for what never happens, without the stop
// token of its query. Every other name has an address.
#include <chrono>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "taut/coro/event.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/server/server.hpp"

using namespace taut;
using namespace std::chrono_literals;

class EndlessHandler final : public Resolver {
 public:
  Task<std::optional<Answer>> resolve(const Query& query) override {
    if (query.name().firstLabel().starts_with("endless")) co_await never_.wait();
    Answer answer;
    answer.add(query.name(), 5min, rdata::A(192, 0, 2, 1));
    co_return answer;
  }

 private:
  Event never_;
};

int main(int argc, char** argv) {
  const auto address = argc == 2 ? Address::parse(argv[1], 53) : std::nullopt;
  if (!address) {
    fmt::print(stderr, "usage: endless-handler ADDRESS[:PORT]\n");
    return 2;
  }
  ServerOptions options;
  options.listen = {*address};
  options.threads = 1;
  Server server(options, [](Shard&) {
    return std::make_unique<ServerFactory>(ServerFactory::Resolvers{std::make_shared<EndlessHandler>()});
  });
  return server.run();
}
