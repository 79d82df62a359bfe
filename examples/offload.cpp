// Answers with the first line of the file that is called like the name. Reading a file may block, so a thread of a pool
// does it, and the others are served meanwhile.
#include <fstream>

#include "taut/taut.hpp"

using namespace taut;

std::optional<std::string> firstLineOf(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  return std::getline(file, line) ? std::optional(line) : std::nullopt;
}

class Notes final : public Resolver {
 public:
  Notes(Shard& shard, std::string folder) : shard_(shard), folder_(std::move(folder)) {}

  Task<std::optional<Answer>> resolve(const Query& query) override {
    const std::string name = query.name().toLower().toString();
    if (query.type() != Type::TXT || name.find('/') != name.npos) co_return std::nullopt;
    auto read = [path = folder_ + "/" + name] { return firstLineOf(path); };
    const auto line = co_await offload(shard_, std::move(read));
    if (!line) co_return Answer::serverFailure();  // too much is asked at the moment, or the query was stopped
    if (!*line) co_return std::nullopt;
    Answer answer;
    answer.add(query.name(), std::chrono::minutes(1), rdata::TXT(**line));
    co_return answer;
  }

 private:
  Shard& shard_;
  std::string folder_;
};

int main(int argc, char** argv) {
  const auto address = argc == 3 ? Address::parse(argv[1], 53) : std::nullopt;
  if (!address) {
    fmt::print(stderr, "usage: offload ADDRESS[:PORT] FOLDER\n");
    return 2;
  }
  Server server({.listen = {*address}, .threads = 1}, [&](Shard& shard) {
    return std::make_unique<ServerFactory>(ServerFactory::Resolvers{std::make_shared<Notes>(shard, argv[2])});
  });
  return server.run();
}
