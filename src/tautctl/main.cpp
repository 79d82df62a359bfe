// tautctl: asks a running tautd, and tells it what to do, over its control socket. `import`, `check` and `config
// schema` need no server.
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "check_command.hpp"
#include "command_advice.hpp"
#include "config/documents.hpp"
#include "connection.hpp"
#include "import_command.hpp"
#include "live_top.hpp"
#include "management/control_request.hpp"
#include "taut/base/reason.hpp"
#include "upgrade_command.hpp"

namespace {

using taut::ControlLine;
using taut::ControlRequest;
using taut::ControlStatus;
using taut::ctl::Connection;

constexpr const char* defaultSocket = "/run/taut/control";
constexpr const char* topVerb = "watch";
constexpr const char* tailVerb = "tail";
constexpr const char* traceVerb = "trace";
constexpr const char* upgradeVerb = "upgrade";
const std::vector<std::string> schemaVerb{"config", "schema"};

struct Invocation {
  std::string socket = defaultSocket;
  ControlRequest request;
  std::string argument;
  std::string duration;
};

// "60s", "5m", "2h", or seconds as a bare number.
std::optional<std::chrono::seconds> parseDuration(std::string_view text) {
  constexpr std::int64_t most = 86400;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 1 || number > most) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (unit == "m") number *= 60;
  if (unit == "h") number *= 3600;
  const bool known = unit.empty() || unit == "s" || unit == "m" || unit == "h";
  if (!known || number > most) return std::nullopt;
  return std::chrono::seconds(number);
}

std::string checkDuration(const std::string& text) {
  return parseDuration(text) ? "" : fmt::format("'{}': expected 1s to 86400s, such as 60s, 5m or 2h", text);
}

// The words of a verb are those of its subcommands.
class Commands {
 public:
  Commands(CLI::App& app, Invocation& invocation) : app_(app), invocation_(invocation) {}

  void declare();

 private:
  CLI::App* add(CLI::App& parent, const char* name, const char* help);
  CLI::App* verb(CLI::App& parent, const char* name, const char* help, std::vector<std::string> words);
  void addZoneVerbs();
  void addRecursorVerbs();
  // With a name that may be left out.
  CLI::App* verbAbout(CLI::App& parent, const char* name, const char* help, std::vector<std::string> words,
                      const char* argumentHelp);
  CLI::App* verbWith(CLI::App& parent, const char* name, const char* help, std::vector<std::string> words,
                     const char* argument, const char* argumentHelp);

  CLI::App& app_;
  Invocation& invocation_;
};

CLI::App* Commands::add(CLI::App& parent, const char* name, const char* help) {
  CLI::App* const added = parent.add_subcommand(name, help);
  added->set_help_flag("-h,--help", "Print this help and exit");
  added->fallthrough();
  return added;
}

CLI::App* Commands::verb(CLI::App& parent, const char* name, const char* help, std::vector<std::string> words) {
  CLI::App* const added = add(parent, name, help);
  added->final_callback([this, added, words = std::move(words)] {
    // Where the words go on, those of the last subcommand count.
    if (added->get_subcommands().empty()) invocation_.request.command = words;
  });
  return added;
}

CLI::App* Commands::verbWith(CLI::App& parent, const char* name, const char* help, std::vector<std::string> words,
                             const char* argument, const char* argumentHelp) {
  CLI::App* const added = add(parent, name, help);
  added->add_option(argument, invocation_.argument, argumentHelp)->required()->type_name("");
  added->final_callback([this, words = std::move(words)] {
    invocation_.request.command = words;
    invocation_.request.command.push_back(invocation_.argument);
  });
  return added;
}

CLI::App* Commands::verbAbout(CLI::App& parent, const char* name, const char* help, std::vector<std::string> words,
                              const char* argumentHelp) {
  CLI::App* const added = add(parent, name, help);
  added->add_option("NAME", invocation_.argument, argumentHelp)->type_name("");
  added->final_callback([this, words = std::move(words)] {
    invocation_.request.command = words;
    if (!invocation_.argument.empty()) invocation_.request.command.push_back(invocation_.argument);
  });
  return added;
}

void Commands::declare() {
  app_.add_option("-s,--socket", invocation_.socket, "The server's control socket [/run/taut/control]")
      ->type_name("FILE");
  app_.add_flag("--json", invocation_.request.json, "Write JSON, for programs");
  app_.set_version_flag("--version", "tautctl " TAUT_VERSION);
  app_.set_help_flag("-h,--help", "Print this help and exit");
  app_.require_subcommand(1);

  verb(app_, "status", "What the server is doing", {"status"});
  verb(app_, "stats", "What the server has counted since its start", {"stats"});
  verb(app_, "stop", "End the server, as SIGTERM does", {"stop"});
  verb(app_, "drain", "Say that the server is not ready for clients; it serves all the same", {"drain"})
      ->add_flag("--off", invocation_.request.off, "Say that it is ready again");
  CLI::App* const reload = verb(app_, "reload", "Load anew what has changed, as SIGHUP does", {"reload"});
  reload->add_flag("--force", invocation_.request.force, "And the zones whose files did not change");
  verb(*reload, "config", "The configuration, and what it names, without looking for changed zones",
       {"reload", "config"});
  verb(*reload, "zones", "Zones only", {"reload", "zones"});

  addZoneVerbs();

  CLI::App* const cache = add(app_, "cache", "Ask of the cache");
  cache->require_subcommand(1);
  CLI::App* const flush =
      verbAbout(*cache, "flush", "Forget what is kept of a name, or everything", {"cache", "flush"}, "The name");
  flush->add_flag("--tree", invocation_.request.tree, "And of all names below it");
  flush->add_option("--type", invocation_.request.type, "Only the records of this type, where names are resolved here")
      ->type_name("TYPE");
  verbWith(*cache, "show", "What is kept of a name", {"cache", "show"}, "NAME", "The name");

  addRecursorVerbs();

  verb(app_, "handlers", "The loaded handlers, with what each has been asked and how long that took", {"handlers"});

  CLI::App* const log = add(app_, "log", "Change what is logged");
  log->require_subcommand(1);
  verbWith(*log, "level", "Log this and what is more important", {"log", "level"}, "LEVEL",
           "error, warning, info or debug")
      ->add_option("--for", invocation_.duration, "For so long, and then as before, such as 60s, 5m or 2h")
      ->type_name("DURATION")
      ->check(checkDuration);
  verbWith(*log, "queries", "Log all queries, or none", {"log", "queries"}, "SWITCH",
           "on, off, or configured: as the configuration says")
      ->add_option("--for", invocation_.duration, "For so long, and then as configured, such as 60s, 5m or 2h")
      ->type_name("DURATION")
      ->check(checkDuration);

  CLI::App* const config = add(app_, "config", "Ask of the configuration");
  config->require_subcommand(1);
  verb(*config, "show", "The values that hold, and where each comes from", {"config", "show"});
  verb(*config, "diff", "What a reload would change, and which of it needs a restart", {"config", "diff"});
  verb(*config, "schema", "The JSON schema of the configuration file, for editors; no server is asked", schemaVerb);

  CLI::App* const tail = verbAbout(app_, "tail", "Show queries as they are answered, until interrupted", {tailVerb},
                                   "Only those for this name, and for names below it");
  tail->add_option("--type", invocation_.request.type, "Only those of this type, such as AAAA")->type_name("TYPE");
  tail->add_option("--client", invocation_.request.client, "Only those from this network or address")
      ->type_name("NETWORK");
  tail->add_option("--rcode", invocation_.request.rcode, "Only those with this RCODE, such as NXDOMAIN")
      ->type_name("RCODE");

  verb(app_, upgradeVerb, "Have a new process serve in place of the one that runs, without a lost query", {upgradeVerb})
      ->add_option("--timeout", invocation_.duration, "How long the new process may take to load its zones [5m]")
      ->type_name("DURATION")
      ->check(checkDuration);

  verb(app_, "top", "Show the server live, until interrupted; without a terminal, once", {topVerb});
}

void Commands::addZoneVerbs() {
  CLI::App* const zone = add(app_, "zone", "Ask of zones");
  zone->require_subcommand(1);
  verb(*zone, "list", "All zones, with their states and serials", {"zone", "list"});
  CLI::App* const verbs[] = {
      verbWith(*zone, "status", "What there is to know of one zone", {"zone", "status"}, "NAME", "The zone"),
      verbWith(*zone, "reload", "Load one zone again, whether its file changed or not", {"zone", "reload"}, "NAME",
               "The zone"),
      verbWith(*zone, "dump", "The records of one zone, as they are served", {"zone", "dump"}, "NAME", "The zone")};
  for (CLI::App* const added : verbs)
    added->add_option("--view", invocation_.request.view, "The zone of this view [the zone that all see]")
        ->type_name("VIEW");
  verbWith(*zone, "refresh", "Ask the primaries of a secondary zone for a newer version", {"zone", "refresh"}, "NAME",
           "The zone");
  verbWith(*zone, "retransfer", "Transfer a secondary zone whole, whatever its serial", {"zone", "retransfer"}, "NAME",
           "The zone");
  verbWith(*zone, "notify", "Tell those servers of the zone's version that are told of new ones", {"zone", "notify"},
           "NAME", "The zone");
  verbWith(*zone, "flush", "Write the file of a secondary zone, or of one that takes updates", {"zone", "flush"},
           "NAME", "The zone");
  CLI::App* const added = verbWith(*zone, "add", "Serve a zone that the configuration does not name, from now on",
                                   {"zone", "add"}, "NAME", "The zone");
  added->add_option("--template", invocation_.request.settings, "What it has, a [template.NAME] [zone-defaults]")
      ->type_name("NAME");
  added->add_option("--catalog", invocation_.request.catalog, "Of which catalog it is a member [that of the template]")
      ->type_name("CATALOG");
  verbWith(*zone, "remove", "Serve a zone no more that was added so", {"zone", "remove"}, "NAME", "The zone");
}

void Commands::addRecursorVerbs() {
  CLI::App* const anchors = add(app_, "nta", "Have names below which nothing is validated (RFC 7646)");
  anchors->require_subcommand(1);
  verbWith(*anchors, "add", "Validate nothing at and below a name", {"nta", "add"}, "NAME", "The name")
      ->add_option("--for", invocation_.duration, "For so long, such as 60s, 5m or 2h [1h]")
      ->type_name("DURATION")
      ->check(checkDuration);
  verbWith(*anchors, "remove", "Validate there again", {"nta", "remove"}, "NAME", "The name");
  verb(*anchors, "list", "Those that hold", {"nta", "list"});

  CLI::App* const servers = add(app_, "infra", "Ask of the servers that were asked");
  servers->require_subcommand(1);
  verb(*servers, "show", "What is known of each", {"infra", "show"});
  verb(*servers, "flush", "Forget what is known of them", {"infra", "flush"});

  CLI::App* const trace =
      verbWith(app_, traceVerb, "Resolve a name anew, and show each step", {traceVerb}, "NAME", "The name");
  trace->add_option("TYPE", invocation_.request.type, "The type, such as AAAA [A]")->type_name("");
}

bool print(std::string_view text) {
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
}

// Until it is ended, with the terminal as it was before when it returns.
ControlLine showTop(Connection& connection, const ControlRequest& request) {
  taut::ctl::LiveTop top;
  return connection.ask(
      request, [&](std::string_view part) { return top.take(part); }, [&](int fd) { return top.waitFor(fd); });
}

ControlLine printReply(Connection& connection, const ControlRequest& request) {
  const bool watches =
      request.command.front() == topVerb || request.command.front() == tailVerb || request.command.front() == traceVerb;
  return connection.ask(request,
                        [&](std::string_view part) { return print(part) && (!watches || std::fflush(stdout) == 0); });
}

// The output may fail only when it is written out.
int endOutput(const ControlLine& end) {
  const bool written = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
  if (!written) fmt::print(stderr, "tautctl: the output cannot be written\n");
  if (!written) return static_cast<int>(ControlStatus::failed);
  if (!end.error.empty()) fmt::print(stderr, "tautctl: {}\n", end.error);
  return end.status;
}

int writeSchema() {
  print(taut::config::jsonSchema());
  return endOutput({});
}

int run(const Invocation& invocation) {
  if (invocation.request.command.front() == upgradeVerb)
    return endOutput(taut::ctl::upgrade(invocation.socket, invocation.request));
  Connection connection(invocation.socket);
  ControlRequest request = invocation.request;
  const bool live = request.command.front() == topVerb && !request.json;
  request.once = live && ::isatty(STDOUT_FILENO) == 0;
  return endOutput(live ? showTop(connection, request) : printReply(connection, request));
}

}  // namespace

int main(int argc, char** argv) try {
  CLI::App app("tautctl asks a running tautd, and tells it what to do.", "tautctl");
  Invocation invocation;
  Commands(app, invocation).declare();
  const taut::ctl::ImportCommand import(app);
  const taut::ctl::CheckCommand check(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    const taut::ctl::CommandAdvice advice = taut::ctl::adviseOn(app, argc, argv);
    fmt::print(stderr, "tautctl: {}\n", advice.message.empty() ? error.what() : advice.message);
    if (!advice.usage.empty()) fmt::print(stderr, "Usage: {}\n", advice.usage);
    fmt::print(stderr, "Try 'tautctl{} --help'.\n", advice.command);
    return static_cast<int>(ControlStatus::usage);
  }
  if (app.got_subcommand("import")) return import.run();
  if (app.got_subcommand("check")) return check.run(invocation.request.json);
  if (invocation.request.command == schemaVerb) return writeSchema();
  if (!invocation.duration.empty()) invocation.request.duration = parseDuration(invocation.duration);
  return run(invocation);
} catch (const std::exception& error) {
  fmt::print(stderr, "tautctl: {}\n", taut::reasonOf(error));
  return static_cast<int>(ControlStatus::failed);
}
