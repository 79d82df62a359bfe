#include "taut/base/log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "taut/base/unique_fd.hpp"

namespace {

struct Unprintable {};

// Gathers the lines of the log while it lives.
class Lines {
 public:
  Lines() {
    taut::log::setSink([this](taut::log::Level level, std::string_view line) {
      lines.push_back(std::to_string(static_cast<int>(level)) + std::string(line));
    });
  }
  Lines(const Lines&) = delete;
  Lines& operator=(const Lines&) = delete;
  ~Lines() {
    taut::log::setSink({});
    taut::log::setLevel(taut::log::Level::info);
  }
  std::vector<std::string> lines;
};

}  // namespace

template <>
struct fmt::formatter<Unprintable> {
  constexpr auto parse(fmt::format_parse_context& context) { return context.begin(); }
  template <typename Context>
  auto format(const Unprintable&, Context& context) const -> decltype(context.out()) {
    throw std::runtime_error("unprintable");
  }
};

TEST_CASE("a line is formatted and carries its level") {
  Lines lines;
  taut::log::setLevel(taut::log::Level::debug);
  taut::log::error("{} and {}", 1, "two");
  taut::log::warning("w");
  taut::log::info("i");
  taut::log::debug("d");
  CHECK(lines.lines == std::vector<std::string>{"01 and two", "1w", "2i", "3d"});
}

TEST_CASE("lines below the level are dropped") {
  Lines lines;
  CHECK(taut::log::level() == taut::log::Level::info);
  taut::log::debug("no");
  taut::log::setLevel(taut::log::Level::error);
  taut::log::warning("no");
  taut::log::error("yes");
  CHECK(lines.lines == std::vector<std::string>{"0yes"});
  CHECK_FALSE(taut::log::enabled(taut::log::Level::warning));
}

TEST_CASE("what cannot be formatted does not throw") {
  Lines lines;
  taut::log::error("{}", Unprintable());
  REQUIRE(lines.lines.size() == 1);
  CHECK(lines.lines[0].find("could not be formatted") != std::string::npos);
}

TEST_CASE("a sink that throws does not bring down who logs") {
  taut::log::setSink([](taut::log::Level, std::string_view) { throw std::runtime_error("full"); });
  CHECK_NOTHROW(taut::log::error("x"));
  taut::log::setSink({});
}

TEST_CASE("a sink may be replaced while another thread logs, and has no line after that") {
  std::atomic<bool> ended = false;
  std::thread other([&ended] {
    while (!ended) taut::log::info("x");
  });
  for (int i = 0; i < 100; ++i) {
    std::atomic<int> lines = 0;
    taut::log::setSink([&lines](taut::log::Level, std::string_view) { ++lines; });
    while (lines == 0) std::this_thread::yield();
    taut::log::setSink([](taut::log::Level, std::string_view) {});
    const int received = lines;
    std::this_thread::yield();
    CHECK(lines == received);
  }
  ended = true;
  other.join();
  taut::log::setSink({});
}

TEST_CASE("without a sink lines go to standard error, and logging does not wait for a reader") {
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  const taut::UniqueFd reading(ends[0]);
  taut::UniqueFd writing(ends[1]);
  const taut::UniqueFd before(::dup(STDERR_FILENO));
  REQUIRE(::dup2(writing.get(), STDERR_FILENO) == STDERR_FILENO);
  writing.reset();
  // Far more than the pipe and the queue hold, without a reader.
  const std::string filler(100, '.');
  for (int i = 0; i < 20'000; ++i) taut::log::info("line {} {}", i, filler);
  CHECK(taut::log::lostLines() > 0);
  std::string text;
  std::array<char, 65536> part{};
  while (text.find("line 19999") == text.npos) {
    const auto size = ::read(reading.get(), part.data(), part.size());
    REQUIRE(size > 0);
    text.append(part.data(), static_cast<std::size_t>(size));
  }
  CHECK(text.find("info line ") != text.npos);
  taut::log::flush();
  REQUIRE(::dup2(before.get(), STDERR_FILENO) == STDERR_FILENO);
}

TEST_CASE("a function is called on the thread that writes, and what it throws is thrown") {
  taut::log::info("so that there is such a thread");
  std::thread::id thread;
  CHECK(taut::log::callOnWriter([&thread] { thread = std::this_thread::get_id(); }));
  CHECK(thread != std::thread::id());
  CHECK(thread != std::this_thread::get_id());
  // An exception without a text, because TSan does not see that the library counts who holds it.
  CHECK_THROWS_AS(taut::log::callOnWriter([] { throw std::errc::io_error; }), std::errc);
}

TEST_CASE("the thread that writes takes no signal from those that wait for it") {
  taut::log::info("so that there is such a thread");
  taut::log::flush();
  std::size_t threads = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    if (task.path().filename() == std::to_string(::getpid())) continue;
    ++threads;
    std::ifstream status(task.path() / "status");
    for (std::string line; std::getline(status, line);) {
      if (!line.starts_with("SigBlk:")) continue;
      const auto blocked = std::stoull(line.substr(7), nullptr, 16);
      for (const int signal : {SIGHUP, SIGINT, SIGTERM}) CHECK((blocked >> (signal - 1) & 1) == 1);
    }
  }
  CHECK(threads >= 1);
}
