// One query in a script: the coroutine that `resolve` gave, run until it awaits something of ours, or ends.
//
// `call` goes one step on the interpreter's thread; in between the shard looks at what came of it, on its own.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "interpreter.hpp"
#include "policy_values.hpp"
#include "script.hpp"
#include "taut/io/shard.hpp"

namespace taut {

class PolicyQuery final : public PythonWork {
 public:
  // `count` is that of the queries that exist.
  PolicyQuery(Shard& shard, std::shared_ptr<const Script> script, PolicyQuestion question,
              std::shared_ptr<std::atomic<std::size_t>> count);
  ~PolicyQuery() override { count_->fetch_sub(1, std::memory_order_relaxed); }

  void call() noexcept override;

  // On the shard's thread, after it has finished. What the script awaits; nothing where it has ended.
  const std::optional<PolicyWait>& wait() const { return wait_; }
  // What it awaited. The next `call` goes on with it.
  void setReply(PolicyReply reply) { reply_ = std::move(reply); }
  // Where it has ended: nothing passes the query on. Throws std::runtime_error where the script has failed.
  const std::optional<PolicyAnswer>& answer() const;

 private:
  void step();
  void close();

  const std::shared_ptr<const Script> script_;
  const PolicyQuestion question_;
  const std::shared_ptr<std::atomic<std::size_t>> count_;
  PythonReference coroutine_;
  PolicyReply reply_;
  std::optional<PolicyWait> wait_;
  std::optional<PolicyAnswer> answer_;
  std::string failure_;
};

}  // namespace taut
