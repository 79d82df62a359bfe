// The shared objects of handlers, loaded into this process.
//
// What is loaded is a copy of the file in memory: a file that is written over does no harm to what runs, and a changed
// one at the same path is other code. An object is never unloaded. What it has made may be anywhere: a destructor of a
// thread, an exception, a function that was posted, an object that an answer pins.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "taut/base/input_file.hpp"
#include "taut/io/shard.hpp"
#include "taut/resolver/resolver.hpp"
#include "taut/server/handler.hpp"
#include "taut/server/handler_options.hpp"

namespace taut {

class HandlerLibrary {
 public:
  HandlerLibrary(const FileVersion& version, HandlerFactory factory) : version_(version), factory_(factory) {}

  const FileVersion& version() const { return version_; }

  // A handler for the shard. Throws what the factory throws, and std::runtime_error where there are options that it did
  // not ask for, or where it makes none.
  std::shared_ptr<Resolver> make(Shard& shard, const HandlerOptions& options) const;

 private:
  FileVersion version_;
  HandlerFactory factory_;
};

class HandlerLibraries {
 public:
  // Loads the file at the path, once for each version of it. Throws std::runtime_error, its text without the path.
  std::shared_ptr<const HandlerLibrary> load(const std::string& path, std::string_view name);

 private:
  std::map<std::string, std::vector<std::shared_ptr<const HandlerLibrary>>> loaded_;  // by paths
};

}  // namespace taut
