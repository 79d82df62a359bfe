#include "command_advice.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "config/suggestion.hpp"

namespace taut::ctl {

namespace {

// Commands of rndc, knotc and unbound-control that people have in their fingers.
struct Habit {
  std::string_view word;
  std::string_view command;
};

constexpr Habit habits[] = {
    {"reconfig", "reload config"},
    {"flush", "cache flush NAME"},
    {"flushname", "cache flush NAME"},
    {"flushtree", "cache flush NAME --tree"},
    {"flush_type", "cache flush NAME"},
    {"flush_zone", "cache flush NAME --tree"},
    {"dumpdb", "cache show NAME"},
    {"lookup", "cache show NAME"},
    {"zonestatus", "zone status NAME"},
    {"zone-status", "zone status NAME"},
    {"refresh", "zone refresh NAME"},
    {"retransfer", "zone retransfer NAME"},
    {"notify", "zone notify NAME"},
    {"transfer", "zone refresh NAME"},
    {"force_transfer", "zone retransfer NAME"},
    {"sync", "zone flush NAME"},
    {"write", "zone flush NAME"},
    {"zone-refresh", "zone refresh NAME"},
    {"zone-retransfer", "zone retransfer NAME"},
    {"zone-notify", "zone notify NAME"},
    {"zone-flush", "zone flush NAME"},
    {"zone-reload", "zone reload NAME"},
    {"addzone", "zone add NAME"},
    {"delzone", "zone remove NAME"},
    {"zone-purge", "zone remove NAME"},
    {"zone-read", "zone dump NAME"},
    {"list_local_zones", "zone list"},
    {"stats_noreset", "stats"},
    {"querylog", "log queries on"},
    {"trace", "log level debug"},
    {"verbosity", "log level LEVEL"},
    {"halt", "stop"},
    {"conf-check", "check"},
    {"checkconf", "check"},
    {"conf-read", "config show"},
};

std::vector<const CLI::App*> commandsOf(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

// The words of all commands below this one, in one text each.
void addCommands(const CLI::App& app, const std::string& before, std::vector<std::string>& commands) {
  for (const CLI::App* const command : commandsOf(app)) {
    const std::string words = before.empty() ? command->get_name() : before + ' ' + command->get_name();
    commands.push_back(words);
    addCommands(*command, words, commands);
  }
}

std::vector<std::string> wordsOf(int argc, char** argv) {
  std::vector<std::string> words;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "-s" || argument == "--socket")
      ++i;
    else if (!argument.starts_with('-'))
      words.emplace_back(argument);
  }
  return words;
}

std::string namesOf(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* const command : commandsOf(app)) names.push_back(command->get_name());
  return fmt::format("{}", fmt::join(names, ", "));
}

// What was meant by the word after those that are known.
std::string meantBy(const CLI::App& app, const CLI::App& level, const std::string& known, const std::string& word) {
  if (known == " reload") return fmt::format("tautctl zone reload {} reloads one zone", word);
  const auto* const habit = std::ranges::find(habits, word, &Habit::word);
  if (known.empty() && habit != std::end(habits)) return fmt::format("tautctl {} does that", habit->command);
  std::vector<std::string> commands;
  addCommands(app, "", commands);
  const std::vector<std::string_view> candidates(commands.begin(), commands.end());
  std::string typed = known.empty() ? word : known.substr(1) + ' ' + word;
  std::ranges::replace(typed, '-', ' ');
  std::ranges::replace(typed, '_', ' ');
  if (const auto meant = config::nearest(typed, candidates)) return fmt::format("did you mean {}?", *meant);
  return fmt::format("expected one of {}", namesOf(level));
}

std::string usageOf(const CLI::App& command, const std::string& words) {
  std::string usage = "tautctl" + words;
  for (const CLI::Option* const option : command.get_options())
    if (option->get_positional())
      usage += option->get_required() ? ' ' + option->get_name(true) : fmt::format(" [{}]", option->get_name(true));
  return usage;
}

}  // namespace

CommandAdvice adviseOn(const CLI::App& app, int argc, char** argv) {
  CommandAdvice advice;
  const CLI::App* level = &app;
  for (const std::string& word : wordsOf(argc, argv)) {
    const std::vector<const CLI::App*> commands = commandsOf(*level);
    if (commands.empty()) break;
    const auto next = std::ranges::find(commands, word, &CLI::App::get_name);
    if (next == commands.end()) {
      advice.message = fmt::format("'{}' is no command{}{}; {}", word, advice.command.empty() ? "" : " of",
                                   advice.command, meantBy(app, *level, advice.command, word));
      return advice;
    }
    level = *next;
    advice.command += ' ' + word;
  }
  if (level->get_require_subcommand_min() > 0)
    advice.message = fmt::format("no command{}{}; expected one of {}", advice.command.empty() ? "" : " of",
                                 advice.command, namesOf(*level));
  else if (level != &app)
    advice.usage = usageOf(*level, advice.command);
  return advice;
}

}  // namespace taut::ctl
