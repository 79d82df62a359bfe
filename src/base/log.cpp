#include "taut/base/log.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <climits>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <ctime>
#include <future>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <spdlog/async.h>
#include <spdlog/async_logger.h>
#include <spdlog/details/null_mutex.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>

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

// What the thread that writes is to call.
class Calls {
 public:
  // The future is ready when the function has been called.
  std::future<void> add(std::function<void()> function) {
    const std::scoped_lock lock(mutex_);
    return waiting_.emplace_back(std::move(function)).get_future();
  }
  void callAll() {
    std::vector<std::packaged_task<void()>> now;
    {
      const std::scoped_lock lock(mutex_);
      now.swap(waiting_);
    }
    for (auto& call : now) call();
  }

 private:
  std::mutex mutex_;
  std::vector<std::packaged_task<void()>> waiting_;
};

// Standard error without stdio: a write that never ends would hold the lock of `stderr`, which exit() waits for. Counts
// what it has written, so that flush() can wait without such a call of its own. One thread alone writes.
class ErrorSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit ErrorSink(Calls& calls, std::atomic<std::size_t>& written) : calls_(calls), written_(written) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    std::string_view rest(line.data(), line.size());
    while (!rest.empty()) {
      const ssize_t count = ::write(STDERR_FILENO, rest.data(), rest.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) break;  // nothing is left to report it to
      rest.remove_prefix(static_cast<std::size_t>(count));
    }
    written_.fetch_add(1, std::memory_order_release);
  }
  // The lines need none. It is what else reaches the thread in their order.
  void flush_() override { calls_.callAll(); }

 private:
  Calls& calls_;
  std::atomic<std::size_t>& written_;
};

// Other threads wait for the process's signals: a signal that they have blocked must not end the program in this one.
void blockSignals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

// Whether standard error is the stream to the journal that the variable names, by device and inode. It may have been
// redirected since.
bool writesToJournal() {
  const char* const stream = std::getenv("JOURNAL_STREAM");
  struct stat error {};
  if (!stream || ::fstat(STDERR_FILENO, &error) != 0) return false;
  return fmt::format("{}:{}", error.st_dev, error.st_ino) == stream;
}

// The levels of syslog(3).
class LevelNumber final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& line) override {
    line.push_back(numberOf(message.level));
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<LevelNumber>(); }

 private:
  static char numberOf(spdlog::level::level_enum level) {
    if (level == spdlog::level::err) return '3';
    if (level == spdlog::level::warn) return '4';
    return level == spdlog::level::info ? '6' : '7';
  }
};

std::unique_ptr<spdlog::formatter> makeFormatter(std::string pattern) {
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<LevelNumber>('*').set_pattern(std::move(pattern));
  return formatter;
}

// Started by the first line, so that a program that logs nothing has no extra thread. Never destroyed: the thread may
// be inside a write that does not end while the pipe is not read.
class Writer {
 public:
  Writer()
      : pool_(std::make_shared<spdlog::details::thread_pool>(queueLines, 1, blockSignals)),
        lines_(makeLogger()),
        plainLines_(makeLogger()) {
    const bool journal = writesToJournal();
    lines_->set_formatter(makeFormatter(journal ? "<%*>%v" : "%Y-%m-%d %H:%M:%S.%e %l %v"));
    plainLines_->set_formatter(makeFormatter(journal ? "<%*>%v" : "%v"));
  }

  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void write(Level level, std::string_view line, bool plain) {
    accepted_.fetch_add(1, std::memory_order_relaxed);
    (plain ? plainLines_ : lines_)->log(spdlogLevel(level), spdlog::string_view_t(line.data(), line.size()));
  }

  // False where not all is written within `patience`.
  bool flush() {
    const auto target = accepted_.load(std::memory_order_relaxed);
    const auto giveUp = std::chrono::steady_clock::now() + patience;
    while (written_.load(std::memory_order_acquire) + lost() < target) {
      if (std::chrono::steady_clock::now() >= giveUp) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
  }

  bool call(std::function<void()> function) {
    std::future<void> called = calls_.add(std::move(function));
    lines_->flush();
    if (called.wait_for(patience) != std::future_status::ready) return false;
    called.get();
    return true;
  }

  // When the process ends: writes out what is queued, and joins the thread where that has come to an end.
  void end() {
    if (flush()) pool_.reset();
  }

  std::size_t lost() { return pool_ ? pool_->overrun_counter() : 0; }

 private:
  // With the four seconds that a server drains for, a process ends within five.
  static constexpr std::chrono::milliseconds patience{800};

  // Each has a sink of its own, because the sink has the form of a line.
  std::shared_ptr<spdlog::async_logger> makeLogger() {
    auto logger = std::make_shared<spdlog::async_logger>("taut", std::make_shared<ErrorSink>(calls_, written_), pool_,
                                                         spdlog::async_overflow_policy::overrun_oldest);
    logger->set_level(spdlog::level::trace);
    return logger;
  }

  std::atomic<std::size_t> written_{0};
  Calls calls_;
  std::shared_ptr<spdlog::details::thread_pool> pool_;
  std::shared_ptr<spdlog::async_logger> lines_;
  std::shared_ptr<spdlog::async_logger> plainLines_;
  std::atomic<std::size_t> accepted_{0};
};

std::atomic<bool> writerStarted{false};

Writer& writer() {
  struct Ending {
    Writer& writer;
    ~Ending() { writer.end(); }
  };
  static Writer& instance = *new Writer;
  static const Ending ending{instance};
  writerStarted.store(true, std::memory_order_release);
  return instance;
}

// Never destroyed: a thread that was left may log while the process ends.
struct ReplacedSink {
  std::atomic<bool> set{false};  // read first: without a sink no line takes the lock
  std::mutex mutex;
  Sink sink;
};

ReplacedSink& replacedSink() {
  static ReplacedSink& replaced = *new ReplacedSink;
  return replaced;
}

bool writeToReplaced(Level level, std::string_view line) {
  ReplacedSink& replaced = replacedSink();
  if (!replaced.set.load(std::memory_order_acquire)) return false;
  const std::scoped_lock lock(replaced.mutex);
  if (!replaced.sink) return false;
  replaced.sink(level, line);
  return true;
}

// Where there is no memory for the queue or its thread: the line goes out as it is, if that does not wait.
void writeAtOnce(std::string_view line) noexcept {
  pollfd error{STDERR_FILENO, POLLOUT, 0};
  if (::poll(&error, 1, 0) != 1 || (error.revents & POLLOUT) == 0) return;
  iovec pieces[] = {{const_cast<char*>(line.data()), std::min<std::size_t>(line.size(), PIPE_BUF - 1)},
                    {const_cast<char*>("\n"), 1}};
  [[maybe_unused]] const auto written = ::writev(STDERR_FILENO, pieces, std::size(pieces));
}

void write(Level level, std::string_view line, bool plain = false) noexcept {
  try {
    if (!writeToReplaced(level, line)) writer().write(level, line, plain);
  } catch (...) {
    // A failure of the log must not end the program that it reports on.
    writeAtOnce(line);
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
  ReplacedSink& replaced = replacedSink();
  const std::scoped_lock lock(replaced.mutex);
  replaced.sink = std::move(sink);
  replaced.set.store(static_cast<bool>(replaced.sink), std::memory_order_release);
}

void plain(std::string_view line) noexcept {
  if (enabled(Level::info)) write(Level::info, line, true);
}

void flush() noexcept {
  if (!writerStarted.load(std::memory_order_acquire)) return;
  try {
    writer().flush();
  } catch (...) {
    // There is nowhere left to report it.
  }
}

bool callOnWriter(std::function<void()> function) {
  return !writerStarted.load(std::memory_order_acquire) || writer().call(std::move(function));
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
