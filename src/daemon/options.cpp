#include "options.hpp"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdexcept>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "taut/resolver/chaos.hpp"

namespace taut {

namespace {

constexpr std::uint16_t dnsPort = 53;

// The networks whose questions are forwarded where the operator names none: this host and its own networks. An open
// resolver is a weapon against others.
constexpr const char* ownNetworks[] = {"127.0.0.0/8",    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
                                       "169.254.0.0/16", "::1",        "fc00::/7",      "fe80::/10"};

// What a server says about itself, unless told not to: names of class CH (RFC 4892), and NSID (RFC 5001).
constexpr const char* selfDescriptions[] = {"version.bind", "version.server", "hostname.bind", "id.server", "nsid"};

// In one character-string.
std::string textLength(const std::string& text) {
  return text.empty() || text.size() > Chaos::maxText ? "expected 1 to 255 octets" : "";
}

struct RawOptions {
  std::vector<std::string> interfaces;
  std::vector<std::uint16_t> ports;
  std::vector<std::string> zones;
  std::vector<std::string> forwarders;
  std::vector<std::string> recursionNetworks;
  std::vector<std::string> privateDomains;
  RateLimit rateLimit;
  std::vector<std::string> rateLimitExempt;
  bool recursive = false;
};

ZoneSource parseZoneOption(const std::string& text) {
  ZoneSource source;
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || std::filesystem::exists(text)) {
    source.path = text;
    return source;
  }
  source.origin = Name::parse(text.substr(0, equals));
  if (!source.origin)
    throw CLI::ValidationError("--zone", fmt::format("'{}' is not a domain name", text.substr(0, equals)));
  source.path = text.substr(equals + 1);
  return source;
}

Address parseAddressOption(const char* option, const std::string& text, std::uint16_t defaultPort) {
  const auto address = Address::parse(text, defaultPort);
  if (!address)
    throw CLI::ValidationError(
        option, fmt::format("'{}' is not an address; expected one such as 192.0.2.1 or 2001:db8::1", text));
  return *address;
}

std::vector<Address> listenAddresses(const RawOptions& raw) {
  std::vector<std::uint16_t> ports = raw.ports;
  if (ports.empty()) ports.push_back(dnsPort);
  std::vector<Address> addresses;
  for (const std::uint16_t port : ports) {
    for (const std::string& interface : raw.interfaces)
      addresses.push_back(parseAddressOption("--interface", interface, 0).withPort(port));
    if (!raw.interfaces.empty()) continue;
    addresses.push_back(Address::anyV4(port));
    addresses.push_back(Address::anyV6(port));
  }
  return addresses;
}

AddressPolicy parseNetworks(const char* option, const std::vector<std::string>& networks) {
  AddressPolicy policy(AddressPolicy::Action::refuse);
  try {
    for (const std::string& network : networks) policy.allow(network);
  } catch (const std::invalid_argument& error) {
    throw CLI::ValidationError(option, error.what());
  }
  return policy;
}

std::vector<Name> parsePrivateDomains(const RawOptions& raw) {
  std::vector<Name> domains;
  for (const std::string& text : raw.privateDomains) {
    const auto domain = Name::parse(text);
    if (!domain) throw CLI::ValidationError("--private-domain", fmt::format("'{}' is not a domain name", text));
    domains.push_back(*domain);
  }
  return domains;
}

AddressPolicy recursionPolicy(const RawOptions& raw) {
  AddressPolicy policy = parseNetworks("--allow-recursion", raw.recursionNetworks);
  if (raw.recursionNetworks.empty())
    for (const char* const network : ownNetworks) policy.allow(network);
  return policy;
}

constexpr std::uint32_t maxRateLimit = 1'000'000;  // responses a second

void declareRateLimit(CLI::App& app, RawOptions& raw) {
  CLI::Option* const rate = app.add_option("--rate-limit", raw.rateLimit.responsesPerSecond,
                                           "Responses of one kind a second to one network over UDP [no limit]")
                                ->type_name("RESPONSES")
                                ->check(CLI::Range(1u, maxRateLimit));
  app.add_option("--rate-limit-all", raw.rateLimit.allPerSecond,
                 "Responses of all kinds a second to one network; 0: no limit [ten times --rate-limit]")
      ->type_name("RESPONSES")
      ->check(CLI::Range(0u, maxRateLimit))
      ->needs(rate);
  app.add_option("--rate-limit-slip", raw.rateLimit.slip,
                 "Of the responses above the limit, one in COUNT is sent truncated; 0: none [2]")
      ->type_name("COUNT")
      ->check(CLI::Range(0, 10))
      ->needs(rate);
  app.add_option("--rate-limit-window", raw.rateLimit.window,
                 "For how long a network is limited after a flood, at most [15]")
      ->type_name("SECONDS")
      ->check(CLI::Range(1, 3600))
      ->needs(rate);
  app.add_option("--rate-limit-exempt", raw.rateLimitExempt, "Network that is not limited; repeatable")
      ->allow_extra_args(false)
      ->type_name("NETWORK")
      ->needs(rate);
}

void declare(CLI::App& app, RawOptions& raw, Options& options) {
  app.add_option("-i,--interface", raw.interfaces, "Address to listen on, over UDP and TCP; repeatable [all]")
      ->allow_extra_args(false)
      ->type_name("ADDRESS");
  app.add_option("-p,--port", raw.ports, "Port to listen on; repeatable [53]")
      ->allow_extra_args(false)
      ->type_name("PORT");
  app.add_option("-z,--zone,--bindzone", raw.zones,
                 "Master file to serve, its origin given or that of its SOA; repeatable")
      ->allow_extra_args(false)
      ->type_name("[ORIGIN=]FILE");
  app.add_option("--zone-list", options.zoneLists,
                 "File with a zone on each line: ORIGIN, a tab, its master file; repeatable")
      ->allow_extra_args(false)
      ->type_name("FILE");
  app.add_option("--hosts-file", options.hostsFile, "Answer from a file in the format of /etc/hosts")
      ->type_name("FILE");
  app.add_option("--resolv-conf", options.resolvConf, "Forward to the servers in this file; implies --recursive")
      ->type_name("FILE");
  app.add_flag("-r,--recursive", raw.recursive,
               "Forward what is not served here, to /etc/resolv.conf unless told otherwise");
  app.add_option("--forward", raw.forwarders, "Forward to this server; repeatable, implies --recursive")
      ->allow_extra_args(false)
      ->type_name("ADDRESS[:PORT]");
  app.add_option("--allow-recursion", raw.recursionNetworks,
                 "Network whose questions are forwarded; repeatable [loopback, private and link-local networks]")
      ->allow_extra_args(false)
      ->type_name("NETWORK");
  app.add_flag("-c,--cache", options.cache, "Cache what was forwarded");
  CLI::Option* const denyRebinding =
      app.add_flag("--deny-rebinding", options.denyRebinding, "Refuse private addresses in forwarded answers");
  app.add_option("--private-domain", raw.privateDomains, "Domain that may have private addresses; repeatable")
      ->allow_extra_args(false)
      ->type_name("DOMAIN")
      ->needs(denyRebinding);
  app.add_option("--udp-size", options.udpSize, "Largest reply over UDP, in octets [1232]")
      ->type_name("OCTETS")
      ->check(CLI::Range(512, 4096));
  app.add_option("--identity", options.identity, "What id.server and NSID say [the host's name]")
      ->type_name("TEXT")
      ->check(textLength);
  app.add_option("--version-text", options.version, "What version.bind and version.server say [taut and its version]")
      ->type_name("TEXT")
      ->check(textLength);
  app.add_option(
         "--hide", options.hidden,
         "Do not say this of the server: version.bind, version.server, hostname.bind, id.server or nsid; repeatable")
      ->allow_extra_args(false)
      ->type_name("NAME")
      ->check(CLI::IsMember(std::vector<std::string>(std::begin(selfDescriptions), std::end(selfDescriptions))));
  app.add_option("--cookie-secrets", options.cookieSecrets,
                 "File with the secret of server cookies on its first line, and older ones below [a random secret]")
      ->type_name("FILE");
  app.add_flag("!--no-cookies", options.cookies, "Ignore cookies");
  app.add_option("--max-connections", options.maxConnections,
                 "TCP connections that each thread serves at a time; one more ends the oldest of the client that has "
                 "most [1024]")
      ->type_name("COUNT")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--answer-timeout", options.answerTimeout, "How long a query may go without an answer [10]")
      ->type_name("SECONDS")
      ->check(CLI::Range(1, 3600));
  app.add_flag("--rrset-roundrobin", options.rrsetRoundRobin,
               "Change the order of the records in each answer, so that clients spread over them");
  declareRateLimit(app, raw);
  app.add_option("-t,--threads", options.threads, "Threads that serve [one for each core]")
      ->type_name("COUNT")
      ->check(CLI::Range(1, 1024));
  app.add_flag("-v,--verbose", options.verbose, "Log each query; twice: log what is sent too");
  app.set_version_flag("--version", "tautd " TAUT_VERSION);
  app.set_help_flag("-h,--help", "Print this help and exit");
}

Options complete(const CLI::App& app, const RawOptions& raw, Options options) {
  options.listen = listenAddresses(raw);
  for (const std::string& zone : raw.zones) options.zones.push_back(parseZoneOption(zone));
  for (const std::string& forwarder : raw.forwarders)
    options.forwarders.push_back(parseAddressOption("--forward", forwarder, dnsPort));
  options.recursionPolicy = recursionPolicy(raw);
  options.privateDomains = parsePrivateDomains(raw);
  if (app.count("--rate-limit") > 0) {
    options.rateLimit = raw.rateLimit;
    if (app.count("--rate-limit-all") == 0)
      options.rateLimit->allPerSecond = std::min(10 * raw.rateLimit.responsesPerSecond, maxRateLimit);
    options.rateLimit->accounts = std::make_shared<RateLimitTable>();
    options.rateLimit->exempt = parseNetworks("--rate-limit-exempt", raw.rateLimitExempt);
  }
  if (raw.recursive && !options.forwards()) options.resolvConf = "/etc/resolv.conf";
  if (!raw.recursionNetworks.empty() && !options.forwards())
    throw CLI::ValidationError("--allow-recursion", "needs --recursive, --resolv-conf or --forward");
  if (!options.cookies && !options.cookieSecrets.empty())
    throw CLI::ValidationError("--cookie-secrets", "does not go with --no-cookies");
  if (options.cache && !options.forwards())
    throw CLI::ValidationError("--cache",
                               "needs --recursive, --resolv-conf or --forward: only what was forwarded is cached");
  if (options.denyRebinding && !options.forwards())
    throw CLI::ValidationError("--deny-rebinding", "needs --recursive, --resolv-conf or --forward");
  if (options.zones.empty() && options.zoneLists.empty() && options.hostsFile.empty() && !options.forwards())
    throw CLI::ValidationError("nothing to serve", "give --zone, --zone-list, --hosts-file, --recursive or --forward");
  return options;
}

}  // namespace

std::variant<Options, int> parseOptions(int argc, char** argv) {
  constexpr int usageStatus = 2;
  CLI::App app("tautd serves DNS zones, answers from a hosts file, and forwards to other servers.", "tautd");
  RawOptions raw;
  Options options;
  declare(app, raw, options);
  try {
    app.parse(argc, argv);
    return complete(app, raw, std::move(options));
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "tautd: {}\nTry 'tautd --help'.\n", error.what());
    return usageStatus;
  }
}

}  // namespace taut
