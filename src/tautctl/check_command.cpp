#include "check_command.hpp"

#include <cstddef>
#include <cstdio>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "config/account.hpp"
#include "config/load.hpp"
#include "config/secrets.hpp"
#include "daemon/file_errors.hpp"
#include "daemon/named_files.hpp"
#include "daemon/recursion_files.hpp"
#include "taut/base/log.hpp"
#include "taut/base/text.hpp"
#include "taut/zones/zone_list.hpp"
#include "taut/zones/zone_store.hpp"

namespace taut::ctl {

namespace {

using config::Configuration;
using Lines = std::vector<std::string>;

struct Findings {
  Lines errors;
  Lines warnings;
  std::size_t zones = 0;  // that were looked at
};

// While it lives, the log's warnings are kept; they are those about zones.
class KeptWarnings {
 public:
  explicit KeptWarnings(Lines& lines) {
    log::setSink([&lines](log::Level level, std::string_view line) {
      if (level == log::Level::warning) lines.emplace_back(line);
    });
  }
  KeptWarnings(const KeptWarnings&) = delete;
  KeptWarnings& operator=(const KeptWarnings&) = delete;
  ~KeptWarnings() { log::setSink({}); }
};

// All that a server reads at its start, and the zones of lists, which it loads later.
void checkFiles(const Configuration& configuration, Findings& findings) {
  const KeptWarnings kept(findings.warnings);
  FileErrors errors;
  readNamedFiles(configuration, errors);
  readRecursionFiles(configuration, errors);
  std::vector<ZoneSource> sources = zoneSourcesOf(configuration);
  for (const std::string& list : configuration.zoneLists)
    errors.collect([&] {
      for (ZoneSource& source : readZoneList(list)) sources.push_back(std::move(source));
    });
  findings.zones = sources.size();
  ZoneStore store(configuration.server.threads);
  errors.collect([&] { loadNamedZones(store, std::move(sources), configuration); });
  for (std::string_view rest = errors.text(); !rest.empty();) findings.errors.emplace_back(takeLine(rest));
}

Findings check(const std::string& given, bool zones) {
  Findings findings;
  const std::string file = config::chooseFile(given, {}, config::defaultFile);
  if (file.empty()) {
    findings.errors = {fmt::format("there is no {}; expected --config FILE", config::defaultFile)};
    return findings;
  }
  const auto loaded = config::load({file, config::Environment::ofProcess(), {}});
  if (!loaded) {
    for (const config::Mistake& mistake : loaded.error()) findings.errors.push_back(mistake.toText());
    return findings;
  }
  for (const config::Mistake& mistake : config::checkSecrets(*loaded)) findings.errors.push_back(mistake.toText());
  for (const config::Mistake& mistake : config::checkUser(*loaded)) findings.errors.push_back(mistake.toText());
  if (zones) checkFiles(*loaded, findings);
  return findings;
}

std::string jsonOf(const Findings& findings) {
  nlohmann::ordered_json json;
  json["errors"] = findings.errors;
  json["warnings"] = findings.warnings;
  json["zones"] = findings.zones;
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace

CheckCommand::CheckCommand(CLI::App& app) {
  CLI::App* const command = app.add_subcommand(
      "check", "Find the mistakes of a configuration, without a server.\nEach is told with its file, line and column.");
  command->set_help_flag("-h,--help", "Print this help and exit");
  command->fallthrough();
  command->add_option("-c,--config", file_, "The configuration file [/etc/taut/taut.toml]")->type_name("FILE");
  command->add_flag("--zones", zones_, "Load what it names too: zones, hosts, secrets");
}

int CheckCommand::run(bool json) const {
  const Findings findings = check(file_, zones_);
  if (json) {
    fmt::print("{}\n", jsonOf(findings));
  } else {
    for (const std::string& line : findings.errors) fmt::print(stderr, "{}\n", line);
    for (const std::string& line : findings.warnings) fmt::print(stderr, "{}\n", line);
  }
  return findings.errors.empty() ? 0 : 1;
}

}  // namespace taut::ctl
