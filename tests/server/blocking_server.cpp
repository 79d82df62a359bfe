// Handlers that do what none may do: names below "blocked" are answered when a FIFO has been opened for writing, and
// meanwhile the thread waits. A name that begins with "later" waits as it should before.
#include <chrono>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "taut/base/address.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/io/sleep.hpp"
#include "taut/server/server.hpp"

namespace {

using namespace taut;

class Blocking final : public Resolver {
 public:
  Blocking(Shard& shard, std::string fifo) : shard_(shard), fifo_(std::move(fifo)) {}

  Task<std::optional<Answer>> resolve(const Query& query) override {
    const std::string_view label = NameView(query.name()).firstLabel();
    if (label == "later") co_await sleepFor(shard_, std::chrono::milliseconds(1));
    if (label == "blocked" || label == "later") const std::ifstream opened(fifo_);
    Answer answer;
    answer.add(query.name(), std::chrono::seconds(1), rdata::A(192, 0, 2, 1));
    co_return answer;
  }

 private:
  Shard& shard_;
  const std::string fifo_;
};

}  // namespace

int main(int, char** argv) {
  const std::string fifo = argv[1];
  ServerOptions options;
  options.listen = {Address::loopbackV4()};
  options.threads = 1;
  Server server(options, [&](Shard& shard) {
    return std::make_unique<ServerFactory>(ServerFactory::Resolvers{std::make_shared<Blocking>(shard, fifo)});
  });
  return server.run();
}
