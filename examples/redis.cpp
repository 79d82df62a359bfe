// Answers with addresses that Redis has under the names: GET www.example.com. over connections that are kept. Where
// Redis does not answer within 200 ms, or fails, the answer is a fixed address, for a short time.
#include "taut/taut.hpp"

using namespace taut;
using namespace std::chrono_literals;

// The value; empty where there is none.
Task<BufferedStream::Text> get(BufferedStream& redis, const std::string& command) {
  const IoResult asked = co_await redis.write(command);
  if (!asked) co_return Failure(asked);
  auto head = co_await redis.readLine();
  if (!head) co_return head;
  if (*head == "$-1") co_return std::string();
  if (!head->starts_with('$')) co_return Failure(IoResult::failure(EPROTO));
  co_return co_await redis.readLine();
}

class FromRedis final : public Resolver {
 public:
  FromRedis(Shard& shard, const Address& redis) : pool_(shard, redis, {.deadline = 200ms}) {}

  Task<std::optional<Answer>> resolve(const Query& query) override {
    if (query.type() != Type::A) co_return std::nullopt;
    const std::string key = query.name().toLower().toString();
    const std::string command = fmt::format("*2\r\n$3\r\nGET\r\n${}\r\n{}\r\n", key.size(), key);
    auto ask = [&](BufferedStream& redis) { return get(redis, command); };
    const auto value = co_await pool_.exchange(ask);
    if (!value) log::warning("redis failed ({}), falling back for {}", value.error().message(), query.name());
    if (value && value->empty()) co_return std::nullopt;
    const auto address = Address::parse(value ? *value : "192.0.2.254");
    if (!address || !address->isV4()) co_return Answer::serverFailure();
    Answer answer;
    answer.add(query.name(), value ? 1min : 5s, rdata::A(address->hostText()));
    co_return answer;
  }

  Task<> close() override { return pool_.close(); }

 private:
  ConnectionPool pool_;
};

int main(int argc, char** argv) {
  const auto at = [&](int i, std::uint16_t port) { return i < argc ? Address::parse(argv[i], port) : std::nullopt; };
  if (!at(1, 53) || !at(2, 6379)) return fmt::print(stderr, "usage: redis ADDRESS REDIS\n"), 2;
  Server server({.listen = {*at(1, 53)}, .threads = 1}, [&](Shard& shard) {
    return std::make_unique<ServerFactory>(ServerFactory::Resolvers{std::make_shared<FromRedis>(shard, *at(2, 6379))});
  });
  return server.run();
}
