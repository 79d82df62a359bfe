// A Corefile, as the manual of CoreDNS and of its plugins describes it.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "convert.hpp"
#include "converter.hpp"
#include "sources.hpp"
#include "taut/base/address.hpp"

namespace taut::importer {

namespace {

constexpr std::string_view defaultHostsFile = "/etc/hosts";

// What stands before the names of a server block: where it is served.
struct ServerAddress {
  std::string zone;
  std::uint16_t port = dnsPort;
};

// The name of the reverse zone of an IPv4 network of whole octets; nothing for others.
std::optional<std::string> reverseZone(std::string_view network) {
  const auto text = networkOf(network);
  const std::size_t slash = network.find('/');
  const auto length = slash == std::string_view::npos ? std::nullopt : number(network.substr(slash + 1));
  if (!text || !length || *length == 0 || *length % 8 != 0) return std::nullopt;
  const auto address = Address::parse(std::string_view(*text).substr(0, text->find('/')));
  if (!address || !address->isV4()) return std::nullopt;
  std::string zone = "in-addr.arpa";
  for (std::int64_t i = 0; i < *length / 8; ++i)
    zone = fmt::format("{}.{}", address->bytes()[static_cast<std::size_t>(i)], zone);
  return zone;
}

// `dns://ZONE:PORT`; nothing for another protocol, and for what is no such address.
std::optional<ServerAddress> serverAddress(std::string_view text) {
  ServerAddress address;
  constexpr std::string_view plainDns = "dns://";
  if (text.starts_with(plainDns)) text.remove_prefix(plainDns.size());
  if (text.find("://") != std::string_view::npos) return std::nullopt;
  if (const std::size_t colon = text.rfind(':'); colon != std::string_view::npos) {
    const auto port = number(text.substr(colon + 1));
    if (!port || *port == 0 || *port > 65535) return std::nullopt;
    address.port = static_cast<std::uint16_t>(*port);
    text = text.substr(0, colon);
  }
  if (text.find('/') != std::string_view::npos && networkOf(text)) {
    const auto zone = reverseZone(text);
    if (!zone) return std::nullopt;
    address.zone = *zone;
  } else {
    address.zone = text.empty() ? "." : text;
  }
  return address;
}

class CorednsConverter : Converter {
 public:
  explicit CorednsConverter(std::string folder) : Converter(std::move(folder)) {}

  TautFile run(const Statements& statements);

 private:
  using Function = void (CorednsConverter::*)(const Statement&);
  static const std::map<std::string_view, Function>& functions();

  void prepare(const Statements& statements);
  void serverBlock(const Statement& block);
  bool addresses(const Statement& block);
  void listen(const Statement& block);
  void directive(const Statement& directive);

  void nothing(const Statement&) {}
  void zoneFile(const Statement& directive);
  void forward(const Statement& directive);
  void forwardTo(const Statement& directive, std::string_view to);
  void cache(const Statement& directive);
  void hosts(const Statement& directive);
  void chaos(const Statement& directive);
  void nsid(const Statement& directive);
  void udpSize(const Statement& directive) { setCount(file_.udpSize, directive, udpSizeRange); }
  void loadBalance(const Statement& directive);
  using Clients = std::optional<std::vector<std::string>>;  // nothing: all
  Clients clientsOf(const Statement& block);
  Clients aclClients(const Statement& acl);
  void keepForwarding();
  void inside(const Statement& directive);

  // Of the server block in work.
  std::vector<std::string> zones_;
  std::set<std::uint16_t> ports_;
  std::vector<std::string> listen_;
  Clients clients_;
  std::string root_;
  bool isSigned_ = false;
  bool isRoot_ = false;  // whether the block is for all names
  // Of all blocks.
  struct Forwarding {
    const Statement* directive;
    std::vector<std::string> listen;  // where the server block is served
    Clients clients;
  };
  std::vector<Forwarding> forwarding_;
  std::vector<std::string> firstListen_;
  bool hasBlock_ = false;
};

const std::map<std::string_view, CorednsConverter::Function>& CorednsConverter::functions() {
  static const std::map<std::string_view, Function> functions = {
      {"acl", &CorednsConverter::nothing},   // clientsOf() reads it
      {"bind", &CorednsConverter::nothing},  // listen() reads it, and serverBlock() the root
      {"bufsize", &CorednsConverter::udpSize},
      {"cache", &CorednsConverter::cache},
      {"chaos", &CorednsConverter::chaos},
      {"file", &CorednsConverter::zoneFile},
      {"forward", &CorednsConverter::forward},
      {"hosts", &CorednsConverter::hosts},
      {"loadbalance", &CorednsConverter::loadBalance},
      {"nsid", &CorednsConverter::nsid},
      {"root", &CorednsConverter::nothing},
  };
  return functions;
}

TautFile CorednsConverter::run(const Statements& statements) {
  prepare(statements);
  for (const Statement& block : statements) serverBlock(block);
  keepForwarding();
  if (file_.forward.forwards() && !file_.forward.allow)
    unsaid("forwarding for all clients, which is the default",
           "only this host and private networks may; allow = [\"any\"] in [forward] is for all");
  return finish();
}

// Where all server blocks are for the same clients, so is the server.
void CorednsConverter::prepare(const Statements& statements) {
  bool isFirst = true;
  for (const Statement& block : statements) {
    if (std::ranges::none_of(block.words, [](const Word& word) { return serverAddress(word.text).has_value(); }))
      continue;
    Clients clients = clientsOf(block);
    if (isFirst)
      file_.allowQuery = std::move(clients);
    else if (file_.allowQuery != clients)
      file_.allowQuery.reset();
    isFirst = false;
  }
  if (file_.allowQuery && file_.allowQuery->empty()) file_.allowQuery.reset();
}

// Nobody where who it is cannot be expressed.
CorednsConverter::Clients CorednsConverter::clientsOf(const Statement& block) {
  Clients clients;
  const Statement* first = nullptr;
  for (const Statement& directive : block.children) {
    if (directive.keyword() != "acl") continue;
    if (first) {
      unsupported(directive, "there is an acl already");
      clients.emplace();
      continue;
    }
    first = &directive;
    clients = aclClients(directive);
  }
  return clients;
}

// The first rule that matches decides, and without one all clients are allowed. So networks that are allowed before all
// others are blocked are a list.
CorednsConverter::Clients CorednsConverter::aclClients(const Statement& acl) {
  std::vector<std::string> networks;
  if (acl.words.size() > 1) {
    unsupported(acl, "it is for some names");
    return networks;
  }
  for (const Statement& rule : acl.children) {
    const std::string_view action = rule.keyword();
    const bool isForAll =
        rule.words.size() == 1 || (rule.words.size() == 3 && rule.value() == "net" && rule.word(2) == "*");
    if (isForAll && action == "allow") return std::nullopt;
    if (isForAll) {
      if (action != "block") unsupported(rule, "in acl: queries of other clients are refused");
      return networks;
    }
    if (action != "allow" || rule.value() != "net") {
      unsupported(rule, "in acl: only networks that are allowed before all others are blocked can be expressed");
      return std::vector<std::string>{};
    }
    for (std::size_t i = 2; i < rule.words.size(); ++i) {
      if (const auto network = networkOf(rule.word(i)))
        networks.push_back(*network);
      else
        unsupported(rule, fmt::format("in acl: '{}' is not a network", rule.word(i)));
    }
  }
  return std::nullopt;
}

void CorednsConverter::serverBlock(const Statement& block) {
  if (!addresses(block)) {
    for (const Statement& child : block.children) unsupported(child, "in a server block that is not supported");
    return;
  }
  const Statement* const root = block.child("root");
  root_ = root ? resolved(root->value(), folder_) : folder_;
  listen(block);
  clients_ = clientsOf(block);
  isSigned_ = block.child("dnssec") != nullptr || block.child("sign") != nullptr;
  for (const Statement& child : block.children) directive(child);
}

bool CorednsConverter::addresses(const Statement& block) {
  zones_.clear();
  ports_.clear();
  isRoot_ = false;
  if (!block.remark.empty() || !block.block) {
    unsupported(block);
    return false;
  }
  for (const Word& word : block.words) {
    const auto address = serverAddress(word.text);
    if (!address) {
      unsupported(block, fmt::format("'{}' is no zone that is served by UDP and TCP", word.text));
      continue;
    }
    zones_.push_back(address->zone);
    if (address->zone == ".") isRoot_ = true;
    ports_.insert(address->port);
  }
  return !zones_.empty();
}

// All zones are served on all addresses: a block with addresses of its own is noted.
void CorednsConverter::listen(const Statement& block) {
  std::vector<std::string> hosts;
  for (const Statement& directive : block.children) {
    if (directive.keyword() != "bind") continue;
    for (std::size_t i = 1; i < directive.words.size(); ++i) {
      if (addressOf(directive.word(i)))
        hosts.emplace_back(directive.word(i));
      else
        unsupported(directive, fmt::format("'{}' is not an address", directive.word(i)));
    }
    inside(directive);
  }
  if (hosts.empty()) hosts = {"0.0.0.0", "::"};
  std::vector<std::string> listen;
  for (const std::uint16_t port : ports_) {
    if (listen.size() + hosts.size() > maxListen)
      throw SyntaxError(block.place, fmt::format("more than {} addresses to listen on", maxListen));
    for (const std::string& host : hosts)
      if (const auto address = addressOf(host, port)) listen.push_back(*address);
  }
  if (hasBlock_ && listen != firstListen_)
    unsupported(block, "a server block with addresses or ports of its own: all zones are served on all addresses");
  if (!hasBlock_) firstListen_ = listen;
  hasBlock_ = true;
  for (const std::string& address : listen) listenOn(address, block.place);
  listen_ = std::move(listen);
}

// What is forwarded is so on all addresses: where a server block has only some of them, the clients of the others would
// get questions forwarded that CoreDNS does not forward, so nothing is.
void CorednsConverter::keepForwarding() {
  const auto isEverywhere = [&](const Forwarding& forwarding) {
    return std::ranges::all_of(file_.listen, [&](const std::string& address) {
      return std::ranges::find(forwarding.listen, address) != forwarding.listen.end();
    });
  };
  const auto isForSome = [&](const Forwarding& forwarding) {
    return forwarding.clients != forwarding_[0].clients || (forwarding.clients && forwarding.clients->empty());
  };
  const bool everywhere = std::ranges::all_of(forwarding_, isEverywhere);
  if (everywhere && std::ranges::none_of(forwarding_, isForSome)) {
    if (!forwarding_.empty()) file_.forward.allow = std::move(forwarding_[0].clients);
    return;
  }
  for (const Forwarding& forwarding : forwarding_)
    unsupported(*forwarding.directive,
                everywhere ? "only for some clients: who they are cannot be expressed"
                           : "only on some of the addresses: what is forwarded would be so for the clients of all");
  file_.forward.servers.clear();
  file_.forward.resolvConf.clear();
}

void CorednsConverter::directive(const Statement& directive) {
  const auto function = functions().find(directive.keyword());
  if (function == functions().end() || !directive.remark.empty())
    unknown(directive);
  else
    (this->*function->second)(directive);
}

// Notes what is in the block of a directive.
void CorednsConverter::inside(const Statement& directive) {
  for (const Statement& child : directive.children) unsupported(child, fmt::format("in {}", directive.keyword()));
}

void CorednsConverter::zoneFile(const Statement& directive) {
  if (directive.value().empty()) return unsupported(directive, "expected a file");
  if (!isServable(clients_)) return unsupported(directive, fewerClients);
  std::vector<std::string> zones;
  for (std::size_t i = 2; i < directive.words.size(); ++i) zones.emplace_back(directive.word(i));
  if (zones.empty()) zones = zones_;
  for (const std::string& zone : zones) {
    Notes notes;
    for (const Statement& child : directive.children) TautFile::noteOn(notes, child, "in file");
    const auto reverse = zone.find('/') == std::string::npos ? std::nullopt : reverseZone(zone);
    file_.addZone(reverse.value_or(zone), resolved(directive.value(), root_), directive, std::move(notes), isSigned_);
  }
}

void CorednsConverter::forward(const Statement& directive) {
  if (!isRoot_ || directive.value() != ".") return unsupported(directive, "only all names can be forwarded");
  forwarding_.push_back({&directive, listen_, clients_});
  for (std::size_t i = 2; i < directive.words.size(); ++i) forwardTo(directive, directive.word(i));
  ForwardTable& forward = file_.forward;
  if (!forward.servers.empty() && !forward.resolvConf.empty()) {
    unsupported(directive, fmt::format("servers and {} do not go together", forward.resolvConf));
    forward.resolvConf.clear();
  }
  inside(directive);
}

void CorednsConverter::forwardTo(const Statement& directive, std::string_view to) {
  constexpr std::string_view plainDns = "dns://";
  if (to.starts_with(plainDns)) to.remove_prefix(plainDns.size());
  if (to.find("://") != std::string_view::npos)
    return unsupported(directive, fmt::format("'{}': other servers are asked without TLS", to));
  if (const auto address = Address::parse(to, dnsPort))
    file_.forward.servers.push_back(address->port() == dnsPort ? address->hostText() : address->toText());
  else if (file_.forward.resolvConf.empty() && to.find('/') != std::string_view::npos)
    file_.forward.resolvConf = resolved(to, root_);
  else
    unsupported(directive, fmt::format("'{}' is not an address", to));
}

void CorednsConverter::cache(const Statement& directive) {
  if (!isRoot_) return unsupported(directive, "only forwarded answers are cached");
  file_.forward.cacheSize = defaultCacheSize;
  if (directive.words.size() > 1) unsupported(directive, "except the cache itself, which keeps to the TTLs");
  inside(directive);
  needsForwarding(directive);
}

void CorednsConverter::hosts(const Statement& directive) {
  if (!isServable(clients_)) return unsupported(directive, fewerClients);
  const bool hasFile = directive.words.size() > 1;
  const std::string file = hasFile ? resolved(directive.value(), root_) : std::string(defaultHostsFile);
  if (!file_.hostsFile.empty() && file_.hostsFile != file)
    return unsupported(directive, fmt::format("there is a hosts file already, {}", file_.hostsFile));
  file_.hostsFile = file;
  if (directive.words.size() > 2) unsupported(directive, "the names of the file are not limited to zones");
  inside(directive);
}

void CorednsConverter::chaos(const Statement& directive) {
  if (directive.words.size() > 1) setText(file_.version, directive);
  if (directive.words.size() > 2) unsupported(directive, "except the version");
}

void CorednsConverter::nsid(const Statement& directive) {
  if (directive.words.size() > 1) setIdentity(directive);
}

void CorednsConverter::loadBalance(const Statement& directive) {
  if (directive.words.size() > 1 && directive.value() != "round_robin") return unsupported(directive);
  file_.roundRobin = true;
  inside(directive);
}

}  // namespace

TautFile convertCoredns(const Statements& statements, const std::string& folder) {
  return CorednsConverter(folder).run(statements);
}

}  // namespace taut::importer
