// Handlers that do what none may do: names below "blocked" are answered when a FIFO has been opened for writing, and
// meanwhile the thread waits. A name that begins with "later" waits as it should before. One below "endless" is never
// answered, and its thread never waits again. For one below "unjoined" a scope ends before its tasks. The arguments are
// the FIFO and how many shards there are.
#include <chrono>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "taut/base/address.hpp"
#include "taut/coro/event.hpp"
#include "taut/coro/task_scope.hpp"
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
    if (label == "unjoined") {
      TaskScope work;
      work.spawn(untilNever());
    }
    for (volatile bool endless = label == "endless"; endless;) {
    }
    Answer answer;
    answer.add(query.name(), std::chrono::seconds(1), rdata::A(192, 0, 2, 1));
    co_return answer;
  }

 private:
  Task<> untilNever() { co_await never_.wait(); }

  Shard& shard_;
  const std::string fifo_;
  Event never_;
};

}  // namespace

int main(int, char** argv) {
  const std::string fifo = argv[1];
  ServerOptions options;
  options.listen = {Address::loopbackV4()};
  options.threads = static_cast<unsigned>(std::stoul(argv[2]));
  options.drain = std::chrono::milliseconds(500);
  Server server(options, [&](Shard& shard) {
    return std::make_unique<ServerFactory>(ServerFactory::Resolvers{std::make_shared<Blocking>(shard, fifo)});
  });
  return server.run();
}
