// unbound.conf, as unbound.conf(5) of Unbound 1.17 describes it.
#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "convert.hpp"
#include "sources.hpp"
#include "taut/base/address.hpp"
#include "taut/base/address_policy.hpp"
#include "unbound_recursion.hpp"

namespace taut::importer {

namespace {

constexpr std::string_view defaultFolder = "/etc/unbound";
constexpr std::size_t maxAccessControls = 5000;
constexpr std::int64_t defaultCachePart = 4 << 20;  // of each of Unbound's two caches

// What forward.deny-rebinding refuses, so far as Unbound's manual proposes it.
constexpr std::string_view privateNetworks[] = {"10.0.0.0/8",     "172.16.0.0/12", "192.168.0.0/16",
                                                "169.254.0.0/16", "fd00::/8",      "fe80::/10"};

// Statements that ask for what taut does anyhow.
bool isSatisfiedOfUnbound(const Statement& statement) {
  const std::string_view keyword = statement.keyword();
  return (keyword == "do-udp" || keyword == "do-tcp") && yesOrNo(statement.value()) == true;
}

class UnboundConverter : UnboundRecursion {
 public:
  explicit UnboundConverter(std::string folder) : UnboundRecursion(std::move(folder)) {}

  TautFile run(const Statements& statements);

 private:
  using Function = void (UnboundConverter::*)(const Statement&);
  static const std::map<std::string_view, Function>& serverFunctions();

  void prepare(const Statements& statements);
  void section(const Statement& section);
  void nothing(const Statement&) {}
  void listen(const Statement& listen);
  void identity(const Statement& item) { setIdentity(item); }
  void version(const Statement& item) { setText(file_.version, item); }
  void hideIdentity(const Statement& item);
  void hideVersion(const Statement& item);
  void threads(const Statement& item) { setCount(file_.threads, item, threadRange); }
  void udpSize(const Statement& item) { setCount(file_.udpSize, item, udpSizeRange); }
  void connections(const Statement& item) { setCount(file_.tcpConnections, item, connectionRange); }
  void roundRobin(const Statement& item) { file_.roundRobin = flag(item).value_or(false); }
  void logQueries(const Statement& item) { file_.logsQueries = flag(item).value_or(false); }
  void messageCache(const Statement& item) { cachePart(messageCache_, item); }
  void rrsetCache(const Statement& item) { cachePart(rrsetCache_, item); }
  void cachePart(std::int64_t& part, const Statement& item);
  void accessControl(const Statement& item);
  void privateAddress(const Statement& item);
  void privateDomain(const Statement& item);
  void encryptsUpstream(const Statement& item);
  void forwardZone(const Statement& zone);
  void listenDefaults();
  std::vector<std::string> withoutExceptions(const std::vector<const Statement*>& allowed,
                                             const std::vector<const Statement*>& exceptions);
  void allowClients();
  void finishForwarding();
  void finishCache();

  std::uint16_t port_ = dnsPort;
  bool v4_ = true;
  bool v6_ = true;
  bool caches_ = true;
  bool forwardsByTls_ = false;
  bool isForwarder_ = false;              // whether there is a forward-zone for the root
  const Statement* cacheSize_ = nullptr;  // the last one of a part
  std::int64_t messageCache_ = defaultCachePart;
  std::int64_t rrsetCache_ = defaultCachePart;
  // Statements of access-control with networks, by what their clients may ask for.
  std::vector<const Statement*> allowed_, localOnly_, refused_;
  std::vector<const Statement*> privateDomains_;
  std::vector<std::string> privateAddresses_;
};

const std::map<std::string_view, UnboundConverter::Function>& UnboundConverter::serverFunctions() {
  static const std::map<std::string_view, Function> functions = {
      {"access-control", &UnboundConverter::accessControl},
      {"directory", &UnboundConverter::nothing},  // prepare() has read it, and the others that do nothing
      {"do-ip4", &UnboundConverter::nothing},
      {"do-ip6", &UnboundConverter::nothing},
      {"hide-identity", &UnboundConverter::hideIdentity},
      {"hide-version", &UnboundConverter::hideVersion},
      {"identity", &UnboundConverter::identity},
      {"incoming-num-tcp", &UnboundConverter::connections},
      {"interface", &UnboundConverter::listen},
      {"ip-address", &UnboundConverter::listen},
      {"log-queries", &UnboundConverter::logQueries},
      {"max-udp-size", &UnboundConverter::udpSize},
      {"msg-cache-size", &UnboundConverter::messageCache},
      {"num-threads", &UnboundConverter::threads},
      {"port", &UnboundConverter::nothing},
      {"private-address", &UnboundConverter::privateAddress},
      {"private-domain", &UnboundConverter::privateDomain},
      {"rrset-cache-size", &UnboundConverter::rrsetCache},
      {"rrset-roundrobin", &UnboundConverter::roundRobin},
      {"ssl-upstream", &UnboundConverter::encryptsUpstream},
      {"tls-upstream", &UnboundConverter::encryptsUpstream},
      {"version", &UnboundConverter::version},
  };
  return functions;
}

TautFile UnboundConverter::run(const Statements& statements) {
  prepare(statements);
  for (const Statement& next : statements) section(next);
  listenDefaults();
  finishForwarding();
  return finish();
}

void UnboundConverter::prepare(const Statements& statements) {
  folder_ = defaultFolder;
  for (const Statement& section : statements) {
    if (section.keyword() != "server") continue;
    prepareModules(section);
    if (const Statement* const folder = section.child("directory")) folder_ = resolved(folder->value(), folder_);
    if (const Statement* const upstream = section.child("tls-upstream"))
      encryptsUpstream_ = yesOrNo(upstream->value()) == true;
    if (const Statement* const v4 = section.child("do-ip4")) v4_ = yesOrNo(v4->value()) != false;
    if (const Statement* const v6 = section.child("do-ip6")) v6_ = yesOrNo(v6->value()) != false;
    const Statement* const port = section.child("port");
    const auto value = port ? number(port->value()) : std::nullopt;
    if (value && *value > 0 && *value <= 65535) port_ = static_cast<std::uint16_t>(*value);
  }
}

void UnboundConverter::section(const Statement& section) {
  const std::string_view keyword = section.keyword();
  if (keyword == "forward-zone" && section.block) return forwardZone(section);
  if (keyword == "stub-zone" && section.block) return fixedZone(section, true);
  if (keyword == "auth-zone" && section.block) return authZone(section);
  if (keyword == "rpz" && section.block) return policyZone(section);
  if (keyword != "server" || !section.block) {
    const Statement* const name = section.child("name");
    if (!name) return unknown(section);
    return unsupported(section, name->value());
  }
  for (const Statement& item : section.children) {
    const auto function = serverFunctions().find(item.keyword());
    if (function != serverFunctions().end())
      (this->*function->second)(item);
    else if (!recursionItem(item) && !isSatisfiedOfUnbound(item))
      unknown(item);
  }
}

void UnboundConverter::listen(const Statement& listen) {
  const auto address = addressOf(listen.value(), port_);
  if (!address) return unsupported(listen, "expected an address");
  listenOn(*address, listen.place);
}

void UnboundConverter::listenDefaults() {
  if (!file_.listen.empty()) return;
  if (v4_) listenOn(*addressOf("127.0.0.1", port_), {});
  if (v6_) listenOn(*addressOf("::1", port_), {});
}

void UnboundConverter::hideIdentity(const Statement& item) {
  if (!flag(item).value_or(false)) return;
  file_.hide("id.server");
  file_.hide("hostname.bind");
}

void UnboundConverter::hideVersion(const Statement& item) {
  if (flag(item).value_or(false)) file_.version = "";
}

void UnboundConverter::cachePart(std::int64_t& part, const Statement& item) {
  constexpr std::int64_t most = std::int64_t{1} << 39;  // half of what forward.cache.size takes
  const auto octets = sizeOf(item.value());
  if (!octets || *octets > most) return unsupported(item, "expected a size such as 64m");
  part = *octets;
  cacheSize_ = &item;
  needsForwarding(item);
}

void UnboundConverter::accessControl(const Statement& item) {
  if (allowed_.size() + localOnly_.size() + refused_.size() >= maxAccessControls)
    throw SyntaxError(item.place, fmt::format("more than {} networks", maxAccessControls));
  if (!networkOf(item.value())) return unsupported(item, "expected a network");
  if (item.word(2) == "allow" || item.word(2) == "allow_snoop") {
    allowed_.push_back(&item);
  } else if (item.word(2) == "deny_non_local" || item.word(2) == "refuse_non_local") {
    localOnly_.push_back(&item);
  } else {
    refused_.push_back(&item);
    if (item.word(2) != "deny" && item.word(2) != "refuse") unsupported(item);
  }
}

void UnboundConverter::privateAddress(const Statement& item) {
  const auto network = networkOf(item.value());
  if (!network || std::ranges::find(privateNetworks, *network) == std::end(privateNetworks))
    return unsupported(item, "deny-rebinding has private addresses alone");
  file_.forward.denyRebinding = true;
  if (std::ranges::find(privateAddresses_, *network) == privateAddresses_.end()) privateAddresses_.push_back(*network);
  needsForwarding(item);
}

void UnboundConverter::privateDomain(const Statement& item) {
  if (!isDomainName(item.value())) return unsupported(item, "expected a domain name");
  privateDomains_.push_back(&item);
}

void UnboundConverter::encryptsUpstream(const Statement& item) {
  if (flag(item).value_or(false)) unsupported(item, asksWithoutTls);
}

void UnboundConverter::forwardZone(const Statement& zone) {
  const Statement* const name = zone.child("name");
  if (!name || name->value() != ".") return fixedZone(zone, false);
  isForwarder_ = true;
  Upstreams upstreams = upstreamsOf(zone, "forward-");
  if (upstreams.encrypts) {
    forwardsByTls_ = true;
    return unsupported(zone, asksWithoutTls);
  }
  caches_ = caches_ && upstreams.caches;
  std::ranges::move(upstreams.servers, std::back_inserter(file_.forward.servers));
  std::ranges::move(upstreams.notes, std::back_inserter(file_.notes));
}

// The most specific network decides: a network with an exception, which cannot be expressed, is left out, so that
// nothing is allowed that Unbound refuses. By itself Unbound answers this host alone.
std::vector<std::string> UnboundConverter::withoutExceptions(const std::vector<const Statement*>& allowed,
                                                             const std::vector<const Statement*>& exceptions) {
  const auto hasException = [&](const std::string& network) {
    AddressPolicy policy(AddressPolicy::Action::refuse);
    policy.allow(network);
    return std::ranges::any_of(exceptions, [&](const Statement* exception) {
      const std::string inner = *networkOf(exception->value());
      const auto address = Address::parse(std::string_view(inner).substr(0, inner.find('/')));
      return address && policy.allows(*address);
    });
  };
  std::vector<std::string> networks;
  if (!hasException("127.0.0.0/8") && !hasException("::1")) networks.emplace_back("loopback");
  for (const Statement* const next : allowed) {
    const std::string network = *networkOf(next->value());
    const bool isLoopback = network == "127.0.0.0/8" || network == "::1" || network == "::1/128";
    if (hasException(network))
      unsupported(*next, "a part of the network is refused");
    else if (!isLoopback || networks.empty() || networks[0] != "loopback")
      networks.push_back(network);
  }
  return networks;
}

void UnboundConverter::allowClients() {
  std::vector<const Statement*> exceptions = refused_;
  exceptions.insert(exceptions.end(), localOnly_.begin(), localOnly_.end());
  file_.forward.allow = withoutExceptions(allowed_, exceptions);
  std::vector<const Statement*> all = allowed_;
  all.insert(all.end(), localOnly_.begin(), localOnly_.end());
  if (!file_.zones().empty()) {
    file_.allowQuery = withoutExceptions(all, refused_);
    return;
  }
  for (const Statement* const allowed : all) needsForwarding(*allowed);
}

void UnboundConverter::finishForwarding() {
  allowClients();
  for (const Statement* const domain : privateDomains_) {
    if (!file_.forward.denyRebinding) {
      unsupported(*domain, "there is no private-address");
      continue;
    }
    file_.forward.privateDomains.emplace_back(domain->value());
    needsForwarding(*domain);
  }
  // Where all forwarders are such that cannot be asked, nobody else is.
  const bool resolves = !encryptsUpstream_ && !forwardsByTls_ && (!isForwarder_ || file_.forward.forwards());
  if (resolves && file_.forward.denyRebinding && privateAddresses_.size() < std::size(privateNetworks))
    unsaid("answers with private addresses that no private-address names",
           "deny-rebinding refuses all private addresses");
  if (v4_ || v6_) {
    setFlag({"do-ip4", "upstream-ipv4"}, v4_);
    setFlag({"do-ip6", "upstream-ipv6"}, v6_);
  }
  finishUnbound(resolves);
  finishCache();
}

// Without a word about it, the cache of a recursor is as large as taut has it by itself.
void UnboundConverter::finishCache() {
  const std::int64_t cache = messageCache_ + rrsetCache_;
  if (!file_.recursion.isEnabled) {
    if (caches_ && cache > 0) file_.forward.cacheSize = sizeText(cache);
  } else if (cacheSize_) {
    setCacheSize(*cacheSize_, cache);
  }
}

}  // namespace

TautFile convertUnbound(const Statements& statements, const std::string& folder) {
  return UnboundConverter(folder).run(statements);
}

}  // namespace taut::importer
