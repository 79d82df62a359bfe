// Resolvers that wrap another one: each changes what is asked or what is answered on the way. The arguments say which
// of them stand in front of a forwarder, the outermost first: middleware 127.0.0.1:53 192.0.2.53 log cache min-ttl
#include <algorithm>
#include <array>

#include "taut/taut.hpp"

using namespace taut;

// What each of them has in common: the resolver that it wraps, which begins and ends with it.
class Wrapper : public Resolver {
 public:
  explicit Wrapper(std::shared_ptr<Resolver> next) : next_(std::move(next)) {}
  Task<> start(TaskScope& work) override { return next_->start(work); }
  Task<> close() override { return next_->close(); }

 protected:
  std::shared_ptr<Resolver> next_;
};

// Logs each query with what it was answered, and how long that took.
class Logging final : public Wrapper {
 public:
  Logging(Shard& shard, std::shared_ptr<Resolver> next) : Wrapper(std::move(next)), shard_(shard) {}

  Task<std::optional<Answer>> resolve(const Query& query) override {
    const TimePoint begin = shard_.clock().now();
    auto answer = co_await next_->resolve(query);
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(shard_.clock().now() - begin);
    const Rcode rcode = answer ? answer->rcode() : Rcode::REFUSED;
    const std::size_t records = answer ? answer->recordCount(Section::answer) : 0;
    log::info("{} {} from {:h}: {}, {} records after {} us", query.name(), query.type(), query.peer(), rcode, records,
              took.count());
    co_return answer;
  }

 private:
  Shard& shard_;
};

// Keeps answers for as long as their TTLs say.
class Caching final : public Wrapper {
 public:
  explicit Caching(std::shared_ptr<Resolver> next) : Wrapper(std::move(next)) {}

  Task<std::optional<Answer>> resolve(const Query& query) override {
    if (auto kept = cache_.lookup(query)) co_return kept;
    auto answer = co_await next_->resolve(query);
    if (answer && cache_.store(query, *answer)) cache_.limitTtls(*answer);
    co_return answer;
  }

 private:
  Cache cache_{16 << 20};
};

// Answers for names below one domain with the data of another: www.old.example has that of www.new.example. The client
// gets an answer to its own question; aliases lead on to the new names. Signatures would not fit the name, so that they
// are left out.
class Renaming final : public Wrapper {
 public:
  Renaming(NameView from, NameView to, std::shared_ptr<Resolver> next)
      : Wrapper(std::move(next)), from_(from), to_(to) {}

  Task<std::optional<Answer>> resolve(const Query& query) override {
    const auto name = query.name().isWithin(from_) ? Name::substitute(query.name(), from_, to_) : query.name();
    if (!name) co_return Answer(Rcode::YXDOMAIN);  // too long, as with DNAME (RFC 6672 section 2.2)
    const Query asked = query.withQuestion(*name, query.type());
    auto answer = co_await next_->resolve(asked);
    if (!answer || *name == query.name()) co_return answer;
    Answer renamed(answer->rcode());
    for (const Section section : {Section::answer, Section::authority, Section::additional})
      answer->forEach(section, [&](RRset rrset) {
        if (rrset.owner == *name) rrset.owner = query.name();
        if (section == Section::authority && name->isWithin(rrset.owner)) rrset.owner = from_;
        if (rrset.type != Type::RRSIG) renamed.addRRset(section, rrset);
      });
    co_return renamed;
  }

 private:
  Name from_;
  Name to_;
};

// Has clients keep what they are told for at least so long.
class MinimumTtl final : public Wrapper {
 public:
  MinimumTtl(std::uint32_t seconds, std::shared_ptr<Resolver> next) : Wrapper(std::move(next)), least_(seconds) {}

  Task<std::optional<Answer>> resolve(const Query& query) override {
    auto answer = co_await next_->resolve(query);
    for (std::size_t i = 0; answer && i < answer->entryCount(); ++i)
      answer->setTtl(i, std::max(answer->entry(i).rrset.ttl, least_));
    co_return answer;
  }

 private:
  std::uint32_t least_;
};

// The wrapper of this name around `next`; null where there is none.
std::shared_ptr<Resolver> wrap(std::string_view name, Shard& shard, std::shared_ptr<Resolver> next) {
  if (name == "log") return std::make_shared<Logging>(shard, std::move(next));
  if (name == "cache") return std::make_shared<Caching>(std::move(next));
  if (name == "rename") return std::make_shared<Renaming>(Name("old.example"), Name("new.example"), std::move(next));
  if (name == "min-ttl") return std::make_shared<MinimumTtl>(60, std::move(next));
  return nullptr;
}

int main(int argc, char** argv) {
  const auto address = argc >= 3 ? Address::parse(argv[1], 53) : std::nullopt;
  const auto upstream = argc >= 3 ? Address::parse(argv[2], 53) : std::nullopt;
  const std::vector<std::string_view> names(argv + std::min(argc, 3), argv + argc);
  const std::array known = {"log", "cache", "rename", "min-ttl"};
  const auto isKnown = [&](std::string_view name) { return std::ranges::find(known, name) != known.end(); };
  if (!address || !upstream || !std::ranges::all_of(names, isKnown)) {
    fmt::print(stderr, "usage: middleware ADDRESS[:PORT] UPSTREAM[:PORT] [log|cache|rename|min-ttl]...\n");
    return 2;
  }
  ServerOptions options;
  options.listen = {*address};
  Server server(options, [&](Shard& shard) {
    ForwarderOptions forwarding;
    forwarding.servers = {*upstream};
    std::shared_ptr<Resolver> outermost = std::make_shared<Forwarder>(shard, forwarding);
    for (auto name = names.rbegin(); name != names.rend(); ++name) outermost = wrap(*name, shard, std::move(outermost));
    const ServerFactory::Resolvers clients = {std::move(outermost)};
    return std::make_unique<ServerFactory>(ServerFactory::Resolvers{}, ServerFactory::Caches{}, clients);
  });
  return server.run();
}
