#include "taut/base/log.hpp"

#include <pthread.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <memory>
#include <string_view>
#include <thread>
#include <utility>

#include <spdlog/async.h>
#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "taut/base/format.hpp"

namespace taut::log {

namespace {

constexpr std::size_t queueLines = 8192;

spdlog::level::level_enum spdlogLevel(Level level) {
  switch (level) {
    case Level::error:
      return spdlog::level::err;
    case Level::warning:
      return spdlog::level::warn;
    case Level::info:
      return spdlog::level::info;
    case Level::debug:
      return spdlog::level::debug;
  }
  return spdlog::level::info;
}

// Counts what it has written, so that flush() can wait without a call that might block for ever on a full pipe.
class CountingSink final : public spdlog::sinks::stderr_sink_mt {
 public:
  void log(const spdlog::details::log_msg& message) override {
    spdlog::sinks::stderr_sink_mt::log(message);
    written.fetch_add(1, std::memory_order_release);
  }
  std::atomic<std::size_t> written{0};
};

// Other threads wait for the process's signals: a signal that they have blocked must not end the program in this one.
void blockSignals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

// Started by the first line, so that a program that logs nothing has no extra thread. When the process ends, the
// destructor writes out what is queued.
class Writer {
 public:
  Writer()
      : pool_(std::make_shared<spdlog::details::thread_pool>(queueLines, 1, blockSignals)),
        sink_(std::make_shared<CountingSink>()),
        logger_(std::make_shared<spdlog::async_logger>("taut", sink_, pool_,
                                                       spdlog::async_overflow_policy::overrun_oldest)) {
    logger_->set_level(spdlog::level::trace);
    logger_->set_pattern("%Y-%m-%d %H:%M:%S.%e %l %v");
  }

  // The pool ends first: its thread may still use the sink and the logger.
  ~Writer() { pool_.reset(); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void write(Level level, std::string_view line) {
    accepted_.fetch_add(1, std::memory_order_relaxed);
    logger_->log(spdlogLevel(level), spdlog::string_view_t(line.data(), line.size()));
  }

  void flush() {
    const auto target = accepted_.load(std::memory_order_relaxed);
    const auto giveUp = std::chrono::steady_clock::now() + std::chrono::seconds(2);
    while (sink_->written.load(std::memory_order_acquire) + lost() < target &&
           std::chrono::steady_clock::now() < giveUp) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  std::size_t lost() { return pool_->overrun_counter(); }

 private:
  std::shared_ptr<spdlog::details::thread_pool> pool_;
  std::shared_ptr<CountingSink> sink_;
  std::shared_ptr<spdlog::async_logger> logger_;
  std::atomic<std::size_t> accepted_{0};
};

std::atomic<bool> writerStarted{false};

Writer& writer() {
  static Writer instance;
  writerStarted.store(true, std::memory_order_release);
  return instance;
}

Sink& replacedSink() {
  static Sink sink;
  return sink;
}

void write(Level level, std::string_view line) noexcept {
  try {
    if (const Sink& sink = replacedSink()) {
      sink(level, line);
    } else {
      writer().write(level, line);
    }
  } catch (...) {
    // A failure of the log must not end the program that it reports on.
  }
}

}  // namespace

void setLevel(Level level) noexcept {
  detail::threshold.store(static_cast<int>(level), std::memory_order_relaxed);
}

Level level() noexcept {
  return static_cast<Level>(detail::threshold.load(std::memory_order_relaxed));
}

void setSink(Sink sink) {
  replacedSink() = std::move(sink);
}

void flush() noexcept {
  if (!writerStarted.load(std::memory_order_acquire)) return;
  try {
    writer().flush();
  } catch (...) {
    // There is nowhere left to report it.
  }
}

std::size_t lostLines() noexcept {
  try {
    return writerStarted.load(std::memory_order_acquire) ? writer().lost() : 0;
  } catch (...) {
    return 0;
  }
}

namespace detail {

void format(Level level, fmt::string_view text, fmt::format_args arguments) noexcept {
  try {
    fmt::memory_buffer line;
    appendFormatted(line, text, arguments);
    write(level, std::string_view(line.data(), line.size()));
  } catch (...) {
    // A formatter threw, or there was no memory: the line is replaced, and the caller goes on.
    write(level, "a line of the log could not be formatted");
  }
}

}  // namespace detail

}  // namespace taut::log
