#include "taut/client/client.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <string_view>

#include "answer_reader.hpp"
#include "taut/coro/current_stop_token.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/dns/query.hpp"
#include "taut/io/deadline.hpp"
#include "taut/resolver/cache.hpp"
#include "taut/resolver/forwarder.hpp"
#include "taut/resolver/hosts_file.hpp"
#include "taut/resolver/recursive_service.hpp"
#include "taut/resolver/resolv_conf.hpp"
#include "zone_lookup.hpp"

namespace taut {

namespace {

std::shared_ptr<Resolver> makeResolver(Shard& shard, const ClientOptions& options) {
  ForwarderOptions forwarding;
  forwarding.servers = options.servers;
  if (options.servers.empty()) forwarding.resolvConf = options.resolvConf;
  forwarding.deadline = options.deadline;
  auto forwarder = std::make_shared<Forwarder>(shard, std::move(forwarding));
  if (options.cacheSize == 0) return forwarder;
  RecursiveService::Caches caches = {std::make_shared<Cache>(options.cacheSize, shard.turnClock())};
  std::vector<std::shared_ptr<Resolver>> clients = {std::move(forwarder)};
  return std::make_shared<RecursiveService>(std::move(caches), std::move(clients));
}

// Whether the next name of the search list is asked for.
bool isNegative(LookupStatus status) {
  return status == LookupStatus::nameError || status == LookupStatus::noData;
}

// Which of the lookups of one name speaks for all: one that found something, else one that failed, else one that knows
// that the name exists.
std::size_t spokesman(const std::vector<Lookup<LookupRecord>>& found) {
  const auto rank = [](const Lookup<LookupRecord>& one) {
    if (one.ok()) return 0;
    if (!isNegative(one.status)) return 1;
    return one.status == LookupStatus::noData ? 2 : 3;
  };
  return static_cast<std::size_t>(std::ranges::min_element(found, {}, rank) - found.begin());
}

std::vector<Lookup<LookupRecord>> unanswered(NameView name, std::span<const Type> types) {
  std::vector<Lookup<LookupRecord>> lookups;
  for (const Type type : types) lookups.emplace_back(LookupOutcome(name, type));
  return lookups;
}

// Addresses in text are names by their octets. One with a port is none.
std::optional<Address> addressOf(const LookupName& name) {
  std::string text = name.name().toString();
  text.pop_back();
  if (text.starts_with('[') || std::ranges::count(text, ':') == 1) return std::nullopt;
  return Address::parse(text);
}

void addAddresses(const Lookup<LookupRecord>& found, std::vector<Address>& addresses) {
  for (const LookupRecord& record : found.records) {
    if (const auto a = record.type == Type::A ? rdata::read<rdata::A>(record.rdata) : std::nullopt)
      addresses.push_back(Address::v4(a->address));
    if (const auto aaaa = record.type == Type::AAAA ? rdata::read<rdata::AAAA>(record.rdata) : std::nullopt)
      addresses.push_back(Address::v6(aaaa->address));
  }
}

}  // namespace

// What ends a lookup early: its task's stop, its deadline, and the end of the client.
class Client::Limits {
 public:
  Limits(Client& client, StopToken task)
      : deadline_(client.shard_, client.options_.deadline, task),
        stop_(deadline_.token()),
        closing_(client.stop_.token(), Stop{stop_}) {}

  StopToken token() noexcept { return stop_.token(); }
  bool reached() const noexcept { return stop_.stopRequested(); }
  LookupStatus status() const noexcept { return deadline_.expired() ? LookupStatus::noReply : LookupStatus::stopped; }

 private:
  struct Stop {
    StopSource& source;
    void operator()() const noexcept { source.requestStop(); }
  };

  Deadline deadline_;
  StopSource stop_;
  StopCallback<Stop> closing_;
};

Client::Client(Shard& shard, ClientOptions options) : Client(shard, makeResolver(shard, options), options) {
  ownsResolver_ = true;
}

Client::Client(Shard& shard, std::shared_ptr<Resolver> resolver, ClientOptions options)
    : shard_(shard), options_(std::move(options)), resolver_(std::move(resolver)), ownsResolver_(false) {
  if (!options_.resolvConf.empty())
    resolvConf_ = std::make_unique<WatchedFile>(options_.resolvConf, ResolvConfFile::maxFileSize, shard.turnClock());
  if (!options_.hostsFile.empty())
    hostsFile_ = std::make_unique<HostsFile>(options_.hostsFile, std::chrono::hours(1), shard.turnClock());
}

Client::~Client() {
  assert(!underWay_.any() && "a client is closed before it is destroyed");
}

Task<> Client::close() {
  stop_.requestStop();
  co_await underWay_.end();
  if (ownsResolver_) co_await resolver_->close();
}

Task<Lookup<LookupRecord>> Client::lookup(LookupName name, Type type) {
  const Uses::Use underWay(underWay_);
  auto found = co_await find(name, type);
  co_return found;
}

Task<Lookup<Address>> Client::lookupAddresses(LookupName name) {
  const Uses::Use underWay(underWay_);
  static constexpr std::array types = {Type::AAAA, Type::A};
  Lookup<Address> addresses(LookupOutcome(name.name(), types.front()));
  if (const auto address = addressOf(name)) {
    addresses.status = LookupStatus::found;
    addresses.records = {*address};
    co_return addresses;
  }
  auto found = co_await search(name, types);
  for (const Records& one : found) addAddresses(one, addresses.records);
  static_cast<LookupOutcome&>(addresses) = std::move(found[spokesman(found)]);
  co_return addresses;
}

Task<std::optional<Address>> Client::getHostByName(LookupName name) {
  const auto found = co_await lookupAddresses(name);
  if (!found) co_return std::nullopt;
  co_return found.front();
}

Task<Lookup<LookupRecord>> Client::lookupZone(LookupName name, Address server, const TsigKey* key) {
  const Uses::Use underWay(underWay_);
  Records found(LookupOutcome(name.name(), Type::AXFR));
  if (name.error() || stop_.stopRequested()) {
    found.status = name.error() ? LookupStatus::badName : LookupStatus::stopped;
    found.bad = name.error();
    co_return found;
  }
  const StopToken task = co_await currentStopToken();
  Limits limits(*this, task);
  co_await detail::obey(limits.token());
  co_await detail::lookUpZone(shard_, server, key, found);
  if (found.status == LookupStatus::stopped) found.status = limits.status();
  co_return found;
}

std::vector<Name> Client::candidates(const LookupName& name) {
  if (const auto text = resolvConf_ ? resolvConf_->takeChange() : std::nullopt) conf_ = ResolvConf::parse(*text);
  return name.candidates(conf_.search, conf_.ndots);
}

Task<Client::Records> Client::find(LookupName name, Type type) {
  const std::array types = {type};
  auto found = co_await search(name, types);
  co_return std::move(found.front());
}

Task<std::vector<Client::Records>> Client::search(LookupName name, std::span<const Type> types) {
  auto kept = unanswered(name.name(), types);
  if (name.error() || stop_.stopRequested()) {
    for (Records& one : kept) {
      one.status = name.error() ? LookupStatus::badName : LookupStatus::stopped;
      one.bad = name.error();
    }
    co_return kept;
  }
  const StopToken task = co_await currentStopToken();
  const std::vector<Name> names = candidates(name);
  if (searchHosts(names, kept)) co_return kept;
  Limits limits(*this, task);
  for (std::size_t i = 0; i < names.size(); ++i) {
    auto found = unanswered(names[i], types);
    co_await askAll(found, limits);
    const LookupStatus status = found[spokesman(found)].status;
    if (!isNegative(status)) co_return found;
    // What is told of several names: that one of them exists, or else what holds for the name as it was written.
    const LookupStatus before = kept[spokesman(kept)].status;
    const bool tellsMore = status == LookupStatus::noData && before == LookupStatus::nameError;
    if (i == 0 || tellsMore || (status == before && names[i] == name.name())) kept = std::move(found);
  }
  co_return kept;
}

// Whether the hosts file has one of the names; its data fills `found`, which has types that are in such a file.
bool Client::searchHosts(std::span<const Name> names, std::vector<Records>& found) {
  const auto isHeld = [](const Records& one) {
    return one.type == Type::A || one.type == Type::AAAA || one.type == Type::PTR;
  };
  if (!hostsFile_ || !std::ranges::all_of(found, isHeld)) return false;
  hostsFile_->refresh();
  for (const Name& name : names) {
    const auto host = hostsFile_->table()->find(name);
    if (!host) continue;
    for (Records& one : found) {
      const RRset& rrset = one.type == Type::A ? host->a : one.type == Type::AAAA ? host->aaaa : host->ptr;
      one.name = name;
      one.status = rrset.count > 0 ? LookupStatus::found : LookupStatus::noData;
      one.ttl = std::chrono::seconds(rrset.ttl);
      for (const ByteSpan rdata : rrset) one.records.emplace_back(name, rrset.type, rrset.ttl, rdata);
    }
    return true;
  }
  return false;
}

Task<> Client::askAll(std::vector<Records>& found, Limits& limits) {
  if (found.size() == 1) {
    co_await ask(found.front(), limits);
    co_return;
  }
  TaskScope scope(limits.token());
  for (Records& one : found) scope.spawn(ask(one, limits), scope.token());
  co_await scope.join();
}

Task<> Client::ask(Records& found, Limits& limits) {
  for (bool again = true; again;) {
    Query query(found.name, found.type);
    query.setStopToken(limits.token());
    const auto answer = co_await resolver_->resolve(query);
    if (answer) {
      again = readAnswer(*answer, found);
      continue;
    }
    found.status = limits.reached() ? limits.status() : LookupStatus::failed;
    found.rcode = limits.reached() ? Rcode::SERVFAIL : Rcode::REFUSED;
    co_return;
  }
}

}  // namespace taut
