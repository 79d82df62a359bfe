// Denies the names of a list and all names below them, and tells clients why; forwards what is left, with a cache. The
// list has a name on each line.
#include <fstream>

#include "taut/taut.hpp"

using namespace taut;
using namespace std::chrono_literals;

class Blocklist final : public Resolver {
 public:
  explicit Blocklist(std::shared_ptr<const NameSet> names) : names_(std::move(names)) {}

  Task<std::optional<Answer>> resolve(const Query& query) override {
    const auto listed = names_->covering(query.name());
    if (!listed) return std::nullopt;
    Answer answer = Answer::nameError(*listed, 1min, soa_);
    answer.setExtendedError(ExtendedErrorCode::blocked, "by the blocklist");
    return answer;
  }

 private:
  std::shared_ptr<const NameSet> names_;
  rdata::SOA soa_{Name("blocklist.invalid."), Name("nobody.invalid."), 1, 3600, 600, 86400, 60};
};

std::shared_ptr<const NameSet> load(const char* path) {
  auto names = std::make_shared<NameSet>();
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);)
    if (const auto name = Name::parse(line); name && !name->isRoot()) names->insert(*name);
  names->shrinkToFit();
  log::info("{} names are blocked, in {} octets", names->size(), names->memory());
  return names;
}

int main(int argc, char** argv) {
  const auto address = argc == 4 ? Address::parse(argv[1], 53) : std::nullopt;
  const auto upstream = argc == 4 ? Address::parse(argv[3], 53) : std::nullopt;
  if (!address || !upstream) {
    fmt::print(stderr, "usage: blocklist ADDRESS[:PORT] LIST UPSTREAM[:PORT]\n");
    return 2;
  }
  const auto names = load(argv[2]);  // all shards share it
  ServerOptions options;
  options.listen = {*address};
  Server server(options, [&](Shard& shard) {
    ForwarderOptions forwarding;
    forwarding.servers = {*upstream};
    const ServerFactory::Resolvers authorities = {std::make_shared<Blocklist>(names)};
    const ServerFactory::Caches caches = {std::make_shared<Cache>(16 << 20)};
    const ServerFactory::Resolvers clients = {std::make_shared<Forwarder>(shard, forwarding)};
    return std::make_unique<ServerFactory>(authorities, caches, clients);
  });
  return server.run();
}
