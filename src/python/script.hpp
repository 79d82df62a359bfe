// A script that was loaded: its function `resolve`. All shards, and all handlers of the same file, have one of it.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "interpreter.hpp"
#include "taut/base/input_file.hpp"
#include "taut/io/shard.hpp"

namespace taut {

class Script {
 public:
  explicit Script(PythonReference resolve) : resolve_(std::move(resolve)) {}

  // A borrowed reference.
  PythonPointer resolve() const { return resolve_.get(); }

 private:
  PythonReference resolve_;
};

// Loads the script, or finds it loaded already.
class ScriptLoading final : public PythonWork {
 public:
  ScriptLoading(Shard& shard, std::string path) : PythonWork(shard), path_(std::move(path)) {}

  void call() noexcept override;

  // After it has finished. Throws std::runtime_error.
  std::shared_ptr<const Script> take();

 private:
  void load();

  const std::string path_;
  std::shared_ptr<const Script> script_;
  std::string failure_;
};

}  // namespace taut
