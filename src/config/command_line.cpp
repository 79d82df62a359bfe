#include "command_line.hpp"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "help_formatter.hpp"
#include "schema.hpp"
#include "suggestion.hpp"
#include "taut/base/address.hpp"
#include "taut/base/parse_number.hpp"
#include "taut/base/units.hpp"

namespace taut::config {

namespace {

constexpr std::int64_t maxPort = 65535;
constexpr std::int64_t cacheBytes = 64 << 20;  // of all threads together, for --cache
constexpr const char* systemResolvConf = "/etc/resolv.conf";

// The groups of the options in the help text, in its order.
namespace group {
constexpr const char* listening = "Where to listen";
constexpr const char* sources = "What to serve";
constexpr const char* forwarding = "What to forward";
constexpr const char* recursion = "How names are resolved, with --recursor";
constexpr const char* replies = "What replies are like";
constexpr const char* limits = "Limits";
constexpr const char* rateLimit = "Rate limit, over UDP";
constexpr const char* management = "Seen from outside";
constexpr const char* running = "Running";
}  // namespace group

constexpr const char* examples = R"(Examples:
  Serve one zone, on port 5300 of this host alone:
    tautd -i 127.0.0.1 -i ::1 -p 5300 -z example.com.zone
  Answer a network from the hosts file, and the rest through two servers:
    tautd --hosts-file /etc/hosts --forward 192.0.2.1 --forward 192.0.2.2 -c
  Have a running server read again what has changed on disk:
    kill -HUP $(pidof tautd)

taut-checkzone(1) finds mistakes in zones beforehand; tautd(8) says more.)";

bool hasPort(const std::string& address) {
  return Address::parse(address, dnsPort) == Address::parse(address, dnsPort + 1);
}

// Declares the options, and turns what is given into settings.
class Options {
 public:
  Options(CLI::App& app, CommandLine& commandLine)
      : app_(app), commandLine_(commandLine), settings_(commandLine.settings) {}

  void declare();
  // What takes several options together, when all have been read.
  void complete();

 private:
  CLI::Option* text(const char* option, const char* path, const char* typeName, const char* help);
  CLI::Option* texts(const char* option, const char* path, const char* typeName, const char* help);
  CLI::Option* number(const char* option, const char* path, const char* typeName, const char* help,
                      std::int64_t unit = 1);
  void size(const char* option, const char* path, const char* help);
  CLI::Option* flag(const char* option, const char* path, Value value, const char* help);
  void yesOrNo(const char* option, const char* path, const char* help);
  void declareListening();
  void declareSources();
  void declareForwarding();
  void declareRecursion();
  void declareTrust();
  void declareReplies();
  void declareLimits();
  void declareManagement();
  void declareRateLimit();
  void declareRunning();
  void logQueries(const std::vector<std::string>& values);
  void addZone(const std::string& text);
  void addListens(const std::string& interface);
  void addListen(const std::string& option, const std::string& address);

  CLI::App& app_;
  CommandLine& commandLine_;
  Settings& settings_;
  std::vector<std::string> interfaces_;
  std::vector<std::string> ports_;
  std::vector<std::string> zones_;
  bool recursive_ = false;
};

// The name that messages give the option: the long one.
std::string longName(std::string_view names) {
  for (std::string_view rest = names; !rest.empty();) {
    const std::string_view name = rest.substr(0, rest.find(','));
    if (name.starts_with("--")) return std::string(name);
    rest.remove_prefix(std::min(name.size() + 1, rest.size()));
  }
  return std::string(names);
}

// What is wrong with a value; empty where nothing is.
std::string wrongLength(const Key& key, const std::string& text) {
  const auto size = static_cast<std::int64_t>(text.size());
  if (size >= key.least && size <= key.most) return {};
  return fmt::format("expected {} to {} octets, not {}", key.least, key.most, size);
}

std::string wrongNumber(std::int64_t least, std::int64_t most, const std::string& text) {
  const auto number = parseNumber<std::int64_t>(text);
  if (number && *number >= least && *number <= most) return {};
  return fmt::format("expected a whole number from {} to {}, not '{}'", least, most, text);
}

std::string wrongSize(const Key& key, const std::string& text) {
  const auto octets = parseSize(text);
  if (octets && *octets >= key.least && *octets <= key.most) return {};
  return fmt::format("expected a size from {} to {}, such as 512M, not '{}'", sizeText(key.least), sizeText(key.most),
                     text);
}

std::string wrongChoice(const Key& key, const std::string& text) {
  if (std::ranges::find(key.choices, text) != key.choices.end()) return {};
  return fmt::format("expected {}, not '{}'", fmt::join(key.choices, ", "), text);
}

std::string wrongQueryLog(const std::string& text) {
  if (text == "all" || text == "errors") return {};
  const auto count = parseNumber<std::int64_t>(text);
  const std::int64_t most = keyOf("log.queries.one-in").most;
  if (count && *count >= 1 && *count <= most) return {};
  return fmt::format("expected all, errors, or a whole number from 1 to {}, not '{}'", most, text);
}

CLI::Option* Options::text(const char* option, const char* path, const char* typeName, const char* help) {
  const Origin origin = Origin::ofOption(longName(option));
  CLI::Option* const added = app_.add_option_function<std::string>(
                                     option,
                                     [this, path, origin](const std::string& value) {
                                       settings_.set(path, {value, origin});
                                     },
                                     help)
                                 ->type_name(typeName);
  const Key& key = keyOf(path);
  if (key.hasRange()) added->check([&key](const std::string& value) { return wrongLength(key, value); });
  if (!key.choices.empty()) added->check([&key](const std::string& value) { return wrongChoice(key, value); });
  return added;
}

CLI::Option* Options::texts(const char* option, const char* path, const char* typeName, const char* help) {
  const Origin origin = Origin::ofOption(longName(option));
  CLI::Option* const added = app_.add_option_function<std::vector<std::string>>(
                                     option,
                                     [this, path, origin](const std::vector<std::string>& values) {
                                       for (const std::string& value : values) settings_.append(path, value, origin);
                                     },
                                     help)
                                 ->allow_extra_args(false)
                                 ->type_name(typeName);
  const Key& key = keyOf(path);
  if (!key.choices.empty()) added->check([&key](const std::string& value) { return wrongChoice(key, value); });
  return added;
}

// The range is that of the schema, in the option's own unit.
CLI::Option* Options::number(const char* option, const char* path, const char* typeName, const char* help,
                             std::int64_t unit) {
  const Key& key = keyOf(path);
  const Origin origin = Origin::ofOption(longName(option));
  return app_
      .add_option_function<std::string>(
          option,
          [this, path, origin, unit](const std::string& value) {
            settings_.set(path, {parseNumber<std::int64_t>(value).value() * unit, origin});
          },
          help)
      ->type_name(typeName)
      ->check([least = key.least / unit, most = key.most / unit](const std::string& value) {
        return wrongNumber(least, most, value);
      });
}

void Options::size(const char* option, const char* path, const char* help) {
  const Key& key = keyOf(path);
  const Origin origin = Origin::ofOption(longName(option));
  app_.add_option_function<std::string>(
          option,
          [this, path, origin](const std::string& value) {
            settings_.set(path, {parseSize(value).value(), origin});
          },
          help)
      ->type_name("SIZE")
      ->check([&key](const std::string& value) { return wrongSize(key, value); });
}

CLI::Option* Options::flag(const char* option, const char* path, Value value, const char* help) {
  const Origin origin = Origin::ofOption(longName(option));
  return app_.add_flag_function(
      option,
      [this, path, origin, value = std::move(value)](std::int64_t count) {
        if (count > 0) settings_.set(path, {value, origin});
      },
      help);
}

void Options::yesOrNo(const char* option, const char* path, const char* help) {
  const Origin origin = Origin::ofOption(option);
  app_.add_option_function<std::string>(
          option,
          [this, path, origin](const std::string& value) {
            settings_.set(path, {value == "yes", origin});
          },
          help)
      ->type_name("yes|no")
      ->check([](const std::string& value) {
        return value == "yes" || value == "no" ? std::string() : fmt::format("expected yes or no, not '{}'", value);
      });
}

void Options::declare() {
  app_.formatter(std::make_shared<HelpFormatter>());
  app_.footer(examples);
  declareSources();
  declareForwarding();
  declareRecursion();
  declareTrust();
  declareListening();
  declareReplies();
  declareLimits();
  declareRateLimit();
  declareManagement();
  declareRunning();
  app_.allow_extras();  // readCommandLine() says what is wrong with them
}

void Options::declareRunning() {
  app_.option_defaults()->group(group::running);
  app_.add_option("--config", commandLine_.file,
                  "Configuration file, see taut.toml(5) [/etc/taut/taut.toml, where no option says what to serve]")
      ->type_name("FILE");
  app_.add_flag("--check", commandLine_.check, "Check the configuration, print all mistakes, and exit");
  text("--user", "user", "NAME", "User that the server becomes when root starts it [the one that starts it]");
  flag("--no-sandbox", "sandbox", false, "Do not leave the server only the files and system calls that it needs");
  app_.add_option_function<std::string>(
          "-t,--threads",
          [this](const std::string& value) {
            settings_.set("server.threads", {parseNumber<std::int64_t>(value).value(), Origin::ofOption("--threads")});
          },
          "Threads that serve [one for each core]")
      ->type_name("COUNT")
      ->check([most = keyOf("server.threads").most](const std::string& value) { return wrongNumber(1, most, value); });
  text("--engine", "server.engine", "auto|io_uring|epoll",
       "What the server asks the kernel by; auto: io_uring where it can be had, else epoll [auto]");
  app_.add_flag_function(
      "-v,--verbose",
      [this](std::int64_t count) {
        settings_.set("log.verbose", {std::min(count, keyOf("log.verbose").most), Origin::ofOption("--verbose")});
      },
      "Log each query; twice: log what is sent too");
  CLI::Option* const queryLog =
      app_.add_option_function<std::vector<std::string>>(
              "--query-log", [this](const std::vector<std::string>& values) { logQueries(values); },
              "Log a line for each query (all), for one query in so many (COUNT), or for those that went wrong "
              "(errors); repeatable [none]")
          ->allow_extra_args(false)
          ->type_name("all|COUNT|errors")
          ->check(wrongQueryLog);
  text("--query-log-format", "log.queries.format", "text|json", "What the line of a query is [text]")->needs(queryLog);
  app_.set_version_flag("--version", "tautd " TAUT_VERSION, "Print the version and exit");
  app_.set_help_flag("-h,--help", "Print this help and exit");
}

void Options::logQueries(const std::vector<std::string>& values) {
  const Origin origin = Origin::ofOption("--query-log");
  for (const std::string& value : values) {
    if (value == "errors")
      settings_.set("log.queries.errors", {true, origin});
    else
      settings_.set("log.queries.one-in", {value == "all" ? 1 : parseNumber<std::int64_t>(value).value(), origin});
  }
}

void Options::declareListening() {
  app_.option_defaults()->group(group::listening);
  app_.add_option("-i,--interface", interfaces_,
                  "Address to listen on, over UDP and TCP, with a port or on those of --port; repeatable [all]")
      ->allow_extra_args(false)
      ->type_name("ADDRESS[:PORT]");
  app_.add_option("-p,--port", ports_, "Port to listen on, of each address without one; repeatable [53]")
      ->allow_extra_args(false)
      ->type_name("PORT")
      ->check([](const std::string& value) { return wrongNumber(1, maxPort, value); });
}

void Options::declareSources() {
  app_.option_defaults()->group(group::sources);
  app_.add_option("-z,--zone,--bindzone", zones_,
                  "Master file to serve, its origin given or that of its SOA; repeatable")
      ->allow_extra_args(false)
      ->type_name("[ORIGIN=]FILE");
  app_.add_option_function<std::vector<std::string>>(
          "--zone-list",
          [this](const std::vector<std::string>& files) {
            const Origin origin = Origin::ofOption("--zone-list");
            for (const std::string& file : files)
              settings_.add("zone-list", origin).set(keyOf("zone-list[].file"), {file, origin});
          },
          "File with a zone on each line: ORIGIN, a tab, its master file; repeatable")
      ->allow_extra_args(false)
      ->type_name("FILE");
  text("--hosts-file", "hosts-file", "FILE", "Answer from a file in the format of /etc/hosts");
}

void Options::declareForwarding() {
  app_.option_defaults()->group(group::forwarding);
  text("--resolv-conf", "forward.resolv-conf", "FILE", "Forward to the servers in this file; implies --recursive");
  app_.add_flag("-r,--recursive", recursive_,
                "Forward what is not served here, to /etc/resolv.conf unless told otherwise");
  texts("--forward", "forward.servers", "ADDRESS[:PORT]", "Forward to this server; repeatable, implies --recursive");
  texts("--allow-recursion", "forward.allow", "NETWORK",
        "Network whose questions are forwarded or resolved; repeatable [loopback, private and link-local networks]");
  flag("-c,--cache", "forward.cache.size", cacheBytes, "Cache what was forwarded");
  CLI::Option* const denyRebinding =
      flag("--deny-rebinding", "forward.deny-rebinding", true, "Refuse private addresses in answers of other servers");
  texts("--private-domain", "forward.private-domains", "DOMAIN", "Domain that may have private addresses; repeatable")
      ->needs(denyRebinding);
}

void Options::declareRecursion() {
  app_.option_defaults()->group(group::recursion);
  flag("--recursor", "recursion.enabled", true,
       "Find what is not served here, from the root down, and validate it; with --forward, from those servers");
  text("--root-hints", "recursion.root-hints", "FILE",
       "Servers of the root, in a master file [/usr/share/dns/root.hints, or else built in]");
  size("--cache-size", "recursion.cache-size", "Memory for what was learnt, such as 512M [a tenth, 1G at most]");
  texts("--outgoing", "recursion.outgoing", "ADDRESS",
        "Address of this host that servers are asked from; repeatable [what the system chooses]");
  yesOrNo("--upstream-ipv4", "recursion.upstream-ipv4", "Ask servers over IPv4 [yes]");
  yesOrNo("--upstream-ipv6", "recursion.upstream-ipv6", "Ask servers over IPv6 [yes]");
  yesOrNo("--qname-minimisation", "recursion.qname-minimisation",
          "Tell servers no more of a name than they need to know [yes]");
  yesOrNo("--harden-glue", "recursion.harden-glue",
          "Believe addresses of servers only from the zone that they lie in [yes]");
  flag("--query-loopback", "recursion.query-loopback", true, "Ask servers of this host to which a delegation leads");
  flag("--no-upstream-cookies", "recursion.upstream-cookies", false, "Send servers no cookies");
  number("--upstream-udp-size", "recursion.upstream-udp-size", "OCTETS",
         "Largest reply over UDP that servers are asked for [1232]");
  number("--query-deadline", "recursion.deadline", "MILLISECONDS", "How long an answer is looked for [8000]");
  number("--min-ttl", "recursion.min-ttl", "SECONDS", "How long what was learnt is kept at least [0]", second);
  number("--max-ttl", "recursion.max-ttl", "SECONDS", "How long what was learnt is kept at most [86400]", second);
  yesOrNo("--serve-stale", "recursion.serve-stale",
          "Answer with what has ended where nothing newer can be had in time [yes]");
  flag("--no-local-zones", "recursion.local-zones", false,
       "Ask servers about localhost, private reverse names and other local names too");
  text("--dns64", "recursion.dns64", "PREFIX", "Give names without IPv6 addresses some of this network's NAT64 [none]");
  flag("--plain-iteration", "recursion.plain-iteration", true,
       "Ask nothing that an answer can do without, for tests of resolvers");
}

void Options::declareTrust() {
  texts("--trust-anchor", "recursion.trust-anchors", "FILE",
        "DS and DNSKEY records that are trusted, in a master file; repeatable [/usr/share/dns/root.key, or else built "
        "in]");
  flag("--no-trust-anchor", "recursion.validate", false, "Validate nothing");
  texts("--negative-trust-anchor", "recursion.negative-trust-anchors", "NAME",
        "Name at and below which nothing is validated; repeatable");
  text("--sha1", "recursion.sha1", "validate|insecure",
       "What is done with signatures by SHA-1: insecure, as if there were none [validate]");
}

void Options::declareReplies() {
  app_.option_defaults()->group(group::replies);
  number("--udp-size", "server.udp-size", "OCTETS", "Largest reply over UDP, in octets [1232]");
  text("--identity", "server.identity", "TEXT", "What id.server and NSID say [the host's name]");
  text("--version-text", "server.version", "TEXT", "What version.bind and version.server say [taut and its version]");
  texts("--hide", "server.hide", "NAME",
        "Do not say this of the server: version.bind, version.server, hostname.bind, id.server or nsid; repeatable");
  text("--cookie-secrets", "server.cookies.secrets-file", "FILE",
       "File with the secret of server cookies on its first line, and older ones below [a random secret]");
  flag("--no-cookies", "server.cookies.enabled", false, "Ignore cookies");
  flag("--rrset-roundrobin", "server.rrset-roundrobin", true,
       "Change the order of the records in each answer, so that clients spread over them");
}

void Options::declareLimits() {
  app_.option_defaults()->group(group::limits);
  number("--max-connections", "limits.tcp.connections", "COUNT",
         "TCP connections that each thread serves at a time; one more ends the oldest of the client that has "
         "most [1024]");
  number("--answer-timeout", "server.answer-timeout", "SECONDS", "How long a query may go without an answer [10]",
         second);
}

void Options::declareRateLimit() {
  app_.option_defaults()->group(group::rateLimit);
  CLI::Option* const rate = number("--rate-limit", "rate-limit.responses", "RESPONSES",
                                   "Responses of one kind a second to one network over UDP [no limit]");
  number("--rate-limit-all", "rate-limit.all", "RESPONSES",
         "Responses of all kinds a second to one network; 0: no limit [ten times --rate-limit]")
      ->needs(rate);
  number("--rate-limit-slip", "rate-limit.slip", "COUNT",
         "Of the responses above the limit, one in COUNT is sent truncated; 0: none [2]")
      ->needs(rate);
  number("--rate-limit-window", "rate-limit.window", "SECONDS",
         "For how long a network is limited after a flood, at most [15]", second)
      ->needs(rate);
  texts("--rate-limit-exempt", "rate-limit.exempt", "NETWORK", "Network that is not limited; repeatable")->needs(rate);
}

void Options::declareManagement() {
  app_.option_defaults()->group(group::management);
  text("--control", "server.control", "FILE", "Socket file by which tautctl steers the server [none]");
  text("--dnstap", "dnstap.socket", "FILE", "Write dnstap to the program that listens on this socket file [none]");
  CLI::Option* const http = texts("--http", "http.listen", "ADDRESS[:PORT]",
                                  "Serve metrics, health and a live page over HTTP here, on port 9153 unless one is "
                                  "given; repeatable [not at all]");
  texts("--http-allow", "http.allow", "NETWORK", "Network that may read over HTTP; repeatable [loopback]")->needs(http);
}

void Options::complete() {
  for (const std::string& zone : zones_) addZone(zone);
  if (!ports_.empty() && !interfaces_.empty() && std::ranges::all_of(interfaces_, hasPort))
    throw CLI::ValidationError("--port", "each --interface has a port of its own; leave one of the two out");
  for (const std::string& interface : interfaces_) addListens(interface);
  if (interfaces_.empty())
    for (const std::string& port : ports_)
      for (const char* const any : {"0.0.0.0", "[::]"}) addListen("--port", fmt::format("{}:{}", any, port));
  const bool named = settings_.find("forward.resolv-conf") || settings_.find("forward.servers");
  if (recursive_ && !named)
    settings_.set("forward.resolv-conf", {std::string(systemResolvConf), Origin::ofOption("--recursive")});
}

// An address with a port of its own listens on that one.
void Options::addListens(const std::string& interface) {
  const auto address = Address::parse(interface, dnsPort);
  if (!address || hasPort(interface) || ports_.empty()) return addListen("--interface", interface);
  for (const std::string& port : ports_)
    addListen("--interface",
              address->withPort(static_cast<std::uint16_t>(parseNumber<std::int64_t>(port).value())).toText());
}

void Options::addListen(const std::string& option, const std::string& address) {
  const Origin origin = Origin::ofOption(option);
  settings_.add("listen", origin).set(keyOf("listen[].address"), {std::vector{Item{address, origin}}, origin});
}

void Options::addZone(const std::string& text) {
  const Origin origin = Origin::ofOption("--zone");
  Table& table = settings_.add("zone", origin);
  const std::size_t equals = text.find('=');
  const bool named = equals != std::string::npos && !std::filesystem::exists(text);
  if (named) table.set(keyOf("zone[].name"), {text.substr(0, equals), origin});
  table.set(keyOf("zone[].file"), {named ? text.substr(equals + 1) : text, origin});
}

// What is wrong with an argument that no option takes.
std::string explainExtra(const CLI::App& app, const std::string& argument, std::string_view before) {
  if (!argument.starts_with('-')) {
    if (before == "-c")
      return fmt::format("'{0}': -c is --cache, which takes no value; a configuration file is --config {0}", argument);
    return fmt::format("'{}': expected an option; a master file is given by --zone FILE", argument);
  }
  const std::string name = argument.substr(0, argument.find('='));
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options())
    for (const std::string& known : option->get_lnames()) names.push_back("--" + known);
  const std::vector<std::string_view> known(names.begin(), names.end());
  if (const auto meant = nearest(name, known)) return fmt::format("{}: no such option; did you mean {}?", name, *meant);
  return fmt::format("{}: no such option", name);
}

// The first of them that no option takes, and each option among the others: what follows an option that is not known
// is most likely its value.
std::vector<std::string> explainExtras(const CLI::App& app, int argc, char** argv) {
  std::vector<std::string> explained;
  const std::vector<std::string> extras = app.remaining();
  for (const std::string& extra : extras) {
    if (!explained.empty() && !extra.starts_with('-')) continue;
    const auto at = std::find(argv + 1, argv + argc, extra);
    explained.push_back(explainExtra(app, extra, at > argv + 1 && at < argv + argc ? at[-1] : ""));
  }
  return explained;
}

// What the library of command lines says in words of its own.
std::string explain(const CLI::App& app, const CLI::ParseError& error) {
  const std::string text = error.what();
  if (const std::size_t at = text.find(" requires ");
      dynamic_cast<const CLI::RequiresError*>(&error) && at != text.npos)
    return fmt::format("{}: needs {}", text.substr(0, at), text.substr(at + 10));
  if (!dynamic_cast<const CLI::ArgumentMismatch*>(&error)) return text;
  const std::string name = text.substr(0, text.find(':'));
  const CLI::Option* const option = app.get_option_no_throw(name);
  if (!option) return text;
  if (option->count() > 1) return fmt::format("{}: given {} times; expected it once", name, option->count());
  return fmt::format("{}: no value; expected {} {}", name, name, option->get_type_name());
}

// The flags that were given a value.
std::vector<std::string> explainFlags(const CLI::App& app, int argc, char** argv) {
  std::vector<std::string> explained;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const std::size_t equals = argument.find('=');
    if (!argument.starts_with("--") || equals == std::string_view::npos) continue;
    const CLI::Option* const option = app.get_option_no_throw(std::string(argument.substr(0, equals)));
    if (option && option->get_expected_max() == 0)
      explained.push_back(fmt::format("{}: takes no value", argument.substr(0, equals)));
  }
  return explained;
}

int reportUsage(const std::vector<std::string>& mistakes) {
  constexpr int usageStatus = 2;
  for (const std::string& mistake : mistakes) fmt::print(stderr, "tautd: {}\n", mistake);
  fmt::print(stderr, "Try 'tautd --help'.\n");
  return usageStatus;
}

}  // namespace

std::variant<CommandLine, int> readCommandLine(int argc, char** argv) {
  CLI::App app("tautd serves DNS zones, answers from a hosts file, and forwards to servers.", "tautd");
  CommandLine commandLine;
  Options options(app, commandLine);
  options.declare();
  try {
    if (const auto mistakes = explainFlags(app, argc, argv); !mistakes.empty()) return reportUsage(mistakes);
    app.parse(argc, argv);
    if (const auto mistakes = explainExtras(app, argc, argv); !mistakes.empty()) return reportUsage(mistakes);
    options.complete();
    return commandLine;
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    return reportUsage({explain(app, error)});
  }
}

}  // namespace taut::config
