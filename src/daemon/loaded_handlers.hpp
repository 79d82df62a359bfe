// The handlers of a configuration, on all shards: loaded, made, and compared with those of the next configuration.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "config/configuration.hpp"
#include "file_errors.hpp"
#include "handlers/handler_library.hpp"
#include "handlers/shard_handlers.hpp"
#include "management/snapshot.hpp"
#include "taut/io/shard.hpp"
#include "taut/server/handler_options.hpp"

namespace taut {

// One [[handler]].
struct LoadedHandler {
  config::HandlerSettings settings;
  HandlerOptions asked;  // what the first of these was made of, with the versions of its files
  std::shared_ptr<const HandlerLibrary> library;
  std::vector<std::shared_ptr<HandlerCounters>> counters;  // of each shard, those of the name
  Handlers running;                                        // on each shard, as far as these have been made
};

// All of a configuration, in order.
using HandlerTable = std::vector<LoadedHandler>;

// Those of a shard.
Handlers handlersOf(const HandlerTable& table, std::size_t shard);

class LoadedHandlers {
 public:
  explicit LoadedHandlers(std::size_t shards) : shards_(shards) {}

  // What holds; on the thread that changes it.
  const HandlerTable& table() const { return table_; }

  // At the start: loads the libraries. What is wrong is added to the errors, each with its place.
  void load(const std::vector<config::HandlerSettings>& settings, FileErrors& errors);
  // Then makes the handlers of a shard, one shard after the other. Throws std::runtime_error, its text with the place.
  Handlers makeFor(Shard& shard);

  // At a reload: what is to hold then. A handler of which nothing has changed, neither here nor in its files, is the
  // same one. Throws std::runtime_error with a line for each mistake, and nothing has changed then.
  HandlerTable next(const std::vector<config::HandlerSettings>& settings, const std::vector<Shard*>& shards);
  void replace(HandlerTable table);

  // On any thread.
  std::vector<HandlerStatus> statuses() const;

 private:
  LoadedHandler prepared(const config::HandlerSettings& settings) const;

  const std::size_t shards_;
  HandlerLibraries libraries_;
  HandlerTable table_;
  mutable std::mutex mutex_;  // for those who look at the table on other threads
};

// Loads each library and makes its handler once, for a shard that never runs, as `tautd --check` does. What is wrong is
// added to the errors.
void checkHandlers(const std::vector<config::HandlerSettings>& settings, FileErrors& errors);

}  // namespace taut
