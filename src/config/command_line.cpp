#include "command_line.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "taut/base/address.hpp"

namespace taut::config {

namespace {

constexpr std::uint16_t dnsPort = 53;
constexpr std::int64_t second = 1000;          // milliseconds
constexpr std::int64_t cacheBytes = 64 << 20;  // of all threads together, for --cache
constexpr const char* systemResolvConf = "/etc/resolv.conf";

// Declares the options, and turns what is given into settings.
class CommandLine {
 public:
  CommandLine(CLI::App& app, Settings& settings) : app_(app), settings_(settings) {}

  void declare();
  // What takes several options together, when all have been read.
  void complete();

 private:
  CLI::Option* text(const char* option, const char* path, const char* typeName, const char* help);
  CLI::Option* texts(const char* option, const char* path, const char* typeName, const char* help);
  CLI::Option* number(const char* option, const char* path, const char* typeName, const char* help,
                      std::int64_t unit = 1);
  CLI::Option* flag(const char* option, const char* path, Value value, const char* help);
  void declareSources();
  void declareForwarding();
  void declareReplies();
  void declareRateLimit();
  void declareLimits();
  void declareManagement();
  void addZone(const std::string& text);
  void addListen(const std::string& option, const std::string& address);

  CLI::App& app_;
  Settings& settings_;
  std::vector<std::string> interfaces_;
  std::vector<std::uint16_t> ports_;
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

std::string lengthOf(const Key& key, const std::string& text) {
  const auto size = static_cast<std::int64_t>(text.size());
  return size < key.least || size > key.most ? fmt::format("expected {} to {} octets", key.least, key.most) : "";
}

CLI::Option* CommandLine::text(const char* option, const char* path, const char* typeName, const char* help) {
  const Origin origin = Origin::ofOption(longName(option));
  CLI::Option* const added = app_.add_option_function<std::string>(
                                     option,
                                     [this, path, origin](const std::string& value) {
                                       settings_.set(path, {value, origin});
                                     },
                                     help)
                                 ->type_name(typeName);
  const Key& key = keyOf(path);
  if (key.hasRange()) added->check([&key](const std::string& value) { return lengthOf(key, value); });
  return added;
}

CLI::Option* CommandLine::texts(const char* option, const char* path, const char* typeName, const char* help) {
  const Origin origin = Origin::ofOption(longName(option));
  CLI::Option* const added = app_.add_option_function<std::vector<std::string>>(
                                     option,
                                     [this, path, origin](const std::vector<std::string>& values) {
                                       for (const std::string& value : values) settings_.append(path, value, origin);
                                     },
                                     help)
                                 ->allow_extra_args(false)
                                 ->type_name(typeName);
  const auto choices = keyOf(path).choices;
  if (!choices.empty()) added->check(CLI::IsMember(std::vector<std::string>(choices.begin(), choices.end())));
  return added;
}

// The range is that of the schema, in the option's own unit.
CLI::Option* CommandLine::number(const char* option, const char* path, const char* typeName, const char* help,
                                 std::int64_t unit) {
  const Key& key = keyOf(path);
  const Origin origin = Origin::ofOption(longName(option));
  return app_
      .add_option_function<std::int64_t>(
          option,
          [this, path, origin, unit](std::int64_t value) {
            settings_.set(path, {value * unit, origin});
          },
          help)
      ->type_name(typeName)
      ->check(CLI::Range(key.least / unit, key.most / unit));
}

CLI::Option* CommandLine::flag(const char* option, const char* path, Value value, const char* help) {
  const Origin origin = Origin::ofOption(longName(option));
  return app_.add_flag_function(
      option,
      [this, path, origin, value = std::move(value)](std::int64_t count) {
        if (count > 0) settings_.set(path, {value, origin});
      },
      help);
}

void CommandLine::declare() {
  declareSources();
  declareForwarding();
  declareReplies();
  declareLimits();
  declareRateLimit();
  declareManagement();
  app_.add_option(
          "-t,--threads",
          [this](const CLI::results_t& given) {
            settings_.set("server.threads",
                          {Value(std::int64_t{std::stoi(given.front())}), Origin::ofOption("--threads")});
            return true;
          },
          "Threads that serve [one for each core]")
      ->type_name("COUNT")
      ->check(CLI::Range(std::int64_t{1}, keyOf("server.threads").most));
  app_.add_flag_function(
      "-v,--verbose",
      [this](std::int64_t count) {
        settings_.set("log.verbose", {std::min(count, keyOf("log.verbose").most), Origin::ofOption("--verbose")});
      },
      "Log each query; twice: log what is sent too");
  app_.set_version_flag("--version", "tautd " TAUT_VERSION);
  app_.set_help_flag("-h,--help", "Print this help and exit");
}

void CommandLine::declareSources() {
  app_.add_option("-i,--interface", interfaces_, "Address to listen on, over UDP and TCP; repeatable [all]")
      ->allow_extra_args(false)
      ->type_name("ADDRESS");
  app_.add_option("-p,--port", ports_, "Port to listen on; repeatable [53]")
      ->allow_extra_args(false)
      ->type_name("PORT");
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

void CommandLine::declareForwarding() {
  text("--resolv-conf", "forward.resolv-conf", "FILE", "Forward to the servers in this file; implies --recursive");
  app_.add_flag("-r,--recursive", recursive_,
                "Forward what is not served here, to /etc/resolv.conf unless told otherwise");
  texts("--forward", "forward.servers", "ADDRESS[:PORT]", "Forward to this server; repeatable, implies --recursive");
  texts("--allow-recursion", "forward.allow", "NETWORK",
        "Network whose questions are forwarded; repeatable [loopback, private and link-local networks]");
  flag("-c,--cache", "forward.cache.size", cacheBytes, "Cache what was forwarded");
  CLI::Option* const denyRebinding =
      flag("--deny-rebinding", "forward.deny-rebinding", true, "Refuse private addresses in forwarded answers");
  texts("--private-domain", "forward.private-domains", "DOMAIN", "Domain that may have private addresses; repeatable")
      ->needs(denyRebinding);
}

void CommandLine::declareReplies() {
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

void CommandLine::declareLimits() {
  number("--max-connections", "limits.tcp.connections", "COUNT",
         "TCP connections that each thread serves at a time; one more ends the oldest of the client that has "
         "most [1024]");
  number("--answer-timeout", "server.answer-timeout", "SECONDS", "How long a query may go without an answer [10]",
         second);
}

void CommandLine::declareRateLimit() {
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

void CommandLine::declareManagement() {
  CLI::Option* const http = texts(
      "--http", "http.listen", "ADDRESS[:PORT]",
      "Serve metrics, health and status over HTTP here, on port 9153 unless one is given; repeatable [not at all]");
  texts("--http-allow", "http.allow", "NETWORK", "Network that may read over HTTP; repeatable [loopback]")->needs(http);
}

void CommandLine::complete() {
  for (const std::string& zone : zones_) addZone(zone);
  const bool portsAlone = interfaces_.empty() && !ports_.empty();
  for (const std::uint16_t port : ports_.empty() ? std::vector{dnsPort} : ports_) {
    for (const std::string& interface : interfaces_) {
      const auto address = Address::parse(interface);
      addListen("--interface", address ? address->withPort(port).toText() : interface);
    }
    if (!portsAlone) continue;
    addListen("--port", Address::anyV4(port).toText());
    addListen("--port", Address::anyV6(port).toText());
  }
  const bool named = settings_.find("forward.resolv-conf") || settings_.find("forward.servers");
  if (recursive_ && !named)
    settings_.set("forward.resolv-conf", {std::string(systemResolvConf), Origin::ofOption("--recursive")});
}

void CommandLine::addListen(const std::string& option, const std::string& address) {
  const Origin origin = Origin::ofOption(option);
  settings_.add("listen", origin).set(keyOf("listen[].address"), {std::vector{Item{address, origin}}, origin});
}

void CommandLine::addZone(const std::string& text) {
  const Origin origin = Origin::ofOption("--zone");
  Table& table = settings_.add("zone", origin);
  const std::size_t equals = text.find('=');
  const bool named = equals != std::string::npos && !std::filesystem::exists(text);
  if (named) table.set(keyOf("zone[].name"), {text.substr(0, equals), origin});
  table.set(keyOf("zone[].file"), {named ? text.substr(equals + 1) : text, origin});
}

}  // namespace

std::variant<Settings, int> readCommandLine(int argc, char** argv) {
  constexpr int usageStatus = 2;
  CLI::App app("tautd serves DNS zones, answers from a hosts file, and forwards to other servers.", "tautd");
  Settings settings;
  CommandLine commandLine(app, settings);
  commandLine.declare();
  try {
    app.parse(argc, argv);
    commandLine.complete();
    return settings;
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "tautd: {}\nTry 'tautd --help'.\n", error.what());
    return usageStatus;
  }
}

}  // namespace taut::config
