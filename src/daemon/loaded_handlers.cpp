#include "loaded_handlers.hpp"

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "taut/base/reason.hpp"
#include "taut/io/engine_choice.hpp"
#include "taut/server/handler_options.hpp"

namespace taut {

namespace {

using config::HandlerSettings;

std::shared_ptr<const HandlerLibrary> loaded(HandlerLibraries& libraries, const HandlerSettings& settings) {
  try {
    return libraries.load(settings.library, settings.name);
  } catch (const std::exception& error) {
    throw std::runtime_error(fmt::format("{}: {} {}", settings.label(), settings.library, reasonOf(error)));
  }
}

// What is wrong with an option says its place by itself.
std::shared_ptr<Resolver> made(const HandlerLibrary& library, const HandlerSettings& settings,
                               const HandlerOptions& options, Shard& shard) {
  try {
    return library.make(shard, options);
  } catch (const HandlerOptionError&) {
    throw;
  } catch (const std::exception& error) {
    throw std::runtime_error(fmt::format("{} cannot be made: {}", settings.label(), reasonOf(error)));
  } catch (...) {
    throw std::runtime_error(fmt::format("{} cannot be made: what it throws is no std::exception", settings.label()));
  }
}

void make(LoadedHandler& handler, Shard& shard) {
  const HandlerSettings& settings = handler.settings;
  const std::size_t number = handler.running.size();
  const HandlerOptions options = settings.options;
  auto resolver = made(*handler.library, settings, options, shard);
  if (number == 0) handler.asked = options;
  handler.running.push_back(std::make_shared<RunningHandler>(settings.label(), settings.place, settings.suffixes,
                                                             std::move(resolver), handler.counters[number]));
}

bool isSame(const LoadedHandler& handler, const HandlerSettings& settings,
            const std::shared_ptr<const HandlerLibrary>& library) {
  const HandlerSettings& now = handler.settings;
  return now.name == settings.name && now.place == settings.place && now.suffixes == settings.suffixes &&
         now.options == settings.options && handler.library == library && !handler.asked.hasChangedFiles();
}

HandlerStatus statusOf(const LoadedHandler& handler) {
  HandlerStatus status;
  status.name = handler.settings.name;
  status.library = handler.settings.library;
  status.place = handler.settings.place;
  for (const Name& suffix : handler.settings.suffixes) status.suffixes.push_back(suffix.toString());
  for (const auto& counters : handler.counters) {
    status.answered += counters->answered;
    status.passedOn += counters->passedOn;
    status.failed += counters->failed;
    status.waiting += counters->waiting;
    status.durations += counters->durations.value();
  }
  return status;
}

}  // namespace

Handlers handlersOf(const HandlerTable& table, std::size_t shard) {
  Handlers handlers;
  for (const LoadedHandler& handler : table) handlers.push_back(handler.running[shard]);
  return handlers;
}

// What a name has counted goes on, so that no counter goes back.
LoadedHandler LoadedHandlers::prepared(const HandlerSettings& settings) const {
  LoadedHandler handler;
  handler.settings = settings;
  const auto before = std::ranges::find(table_, settings.name, [](const auto& each) { return each.settings.name; });
  if (before != table_.end()) handler.counters = before->counters;
  while (handler.counters.size() < shards_) handler.counters.push_back(std::make_shared<HandlerCounters>());
  return handler;
}

void LoadedHandlers::load(const std::vector<HandlerSettings>& settings, FileErrors& errors) {
  HandlerTable table;
  for (const HandlerSettings& each : settings)
    errors.collect([&] {
      LoadedHandler handler = prepared(each);
      handler.library = loaded(libraries_, each);
      table.push_back(std::move(handler));
    });
  replace(std::move(table));
}

Handlers LoadedHandlers::makeFor(Shard& shard) {
  for (LoadedHandler& handler : table_) make(handler, shard);
  return table_.empty() ? Handlers() : handlersOf(table_, table_.front().running.size() - 1);
}

HandlerTable LoadedHandlers::next(const std::vector<HandlerSettings>& settings, const std::vector<Shard*>& shards) {
  HandlerTable table;
  FileErrors errors;
  for (const HandlerSettings& each : settings) {
    errors.collect([&] {
      const auto library = loaded(libraries_, each);
      const auto same = std::ranges::find_if(table_, [&](const auto& now) { return isSame(now, each, library); });
      LoadedHandler handler = same == table_.end() ? prepared(each) : *same;
      handler.settings = each;
      handler.library = library;
      while (handler.running.size() < shards.size()) make(handler, *shards[handler.running.size()]);
      table.push_back(std::move(handler));
    });
  }
  errors.throwAny();
  return table;
}

void LoadedHandlers::replace(HandlerTable table) {
  const std::scoped_lock lock(mutex_);
  table_.swap(table);
}

std::vector<HandlerStatus> LoadedHandlers::statuses() const {
  std::vector<HandlerStatus> statuses;
  const std::scoped_lock lock(mutex_);
  for (const LoadedHandler& handler : table_) statuses.push_back(statusOf(handler));
  return statuses;
}

// By epoll, which is there everywhere: nothing runs on the shard.
void checkHandlers(const std::vector<HandlerSettings>& settings, FileErrors& errors) {
  HandlerLibraries libraries;
  ShardOptions options;
  options.engine.kind = EngineKind::epoll;
  for (const HandlerSettings& each : settings)
    errors.collect([&] {
      Shard shard(options);
      const HandlerOptions given = each.options;
      made(*loaded(libraries, each), each, given, shard);
    });
}

}  // namespace taut
