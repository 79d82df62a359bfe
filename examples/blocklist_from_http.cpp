// Denies the names on a list, and those below them, that is fetched over HTTP again and again: a JSON array of names.
// Where it cannot be fetched, the list of before counts on.
#include <cstdlib>
#include <unordered_set>

#include <nlohmann/json.hpp>

#include "taut/taut.hpp"

using namespace taut;

using Names = std::unordered_set<Name, NameHash, NameEqual>;

class Blocklist final : public Resolver {
 public:
  Blocklist(Shard& shard, const Address& web, std::chrono::seconds interval)
      : shard_(shard), web_(shard, web, fmt::format("{}", web)), interval_(interval) {}

  Task<> start(TaskScope& work) override {
    work.spawn(every(shard_, interval_, [this] { return fetch(); }), work.token());
    return Task<>::ready();
  }

  Task<std::optional<Answer>> resolve(const Query& query) override {
    for (NameView name = query.name(); !name.isRoot(); name = name.parent())
      if (names_.contains(name)) return Answer::nameError();
    return std::nullopt;
  }

  Task<> close() override { return web_.close(); }

 private:
  Task<> fetch() {
    const auto response = co_await web_.get("/blocklist.json");
    if (!response || response->status != 200) {
      log::warning("the list of {} names stays: {}", names_.size(),
                   response ? fmt::format("status {}", response->status) : response.error().message());
      co_return;
    }
    const auto list = nlohmann::json::parse(response->body).get<std::vector<std::string>>();
    Names names;
    for (const std::string& text : list) names.insert(Name(text));
    names_ = std::move(names);
    log::info("the list has {} names", names_.size());
  }

  Shard& shard_;
  HttpClient web_;
  std::chrono::seconds interval_;
  Names names_;
};

int main(int argc, char** argv) {
  const auto address = argc == 4 ? Address::parse(argv[1], 53) : std::nullopt;
  const auto web = argc == 4 ? Address::parse(argv[2], 80) : std::nullopt;
  const int seconds = argc == 4 ? std::atoi(argv[3]) : 0;
  if (!address || !web || seconds < 1) {
    fmt::print(stderr, "usage: blocklist_from_http ADDRESS[:PORT] WEB-SERVER[:PORT] SECONDS\n");
    return 2;
  }
  Server server({.listen = {*address}, .threads = 1}, [&](Shard& shard) {
    const auto list = std::make_shared<Blocklist>(shard, *web, std::chrono::seconds(seconds));
    return std::make_unique<ServerFactory>(ServerFactory::Resolvers{list});
  });
  return server.run();
}
