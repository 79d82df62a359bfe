#include "normaliser.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <utility>
#include <vector>

#include "taut/base/unique_fd.hpp"

namespace taut::importer {

namespace {

constexpr std::chrono::seconds patience{10};

std::vector<std::string> commandFor(Kind kind, const std::string& path) {
  if (kind == Kind::bind) return {"named-checkconf", "-p", path};
  if (kind == Kind::knot) return {"knotc", "-c", path, "conf-export"};
  return {};
}

// A process whose output goes into a pipe. It ends with this object.
class Child {
 public:
  explicit Child(const std::vector<std::string>& command);
  ~Child() {
    if (pid_ > 0) wait();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // What it writes, up to `most` octets. Nothing where it does not end in time, or not with success.
  std::optional<std::string> output(std::size_t most);

 private:
  int wait();

  UniqueFd output_;
  pid_t pid_ = -1;
};

Child::Child(const std::vector<std::string>& command) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return;
  output_ = UniqueFd(pipe[0]);
  const UniqueFd writing(pipe[1]);
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, writing.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  if (::posix_spawnp(&pid_, arguments[0], &actions, nullptr, arguments.data(), environ) != 0) pid_ = -1;
  ::posix_spawn_file_actions_destroy(&actions);
}

// Ends the process where it has not ended, and returns its status.
int Child::wait() {
  int status = 0;
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return status;
}

std::optional<std::string> Child::output(std::size_t most) {
  if (pid_ <= 0) return std::nullopt;
  const auto end = std::chrono::steady_clock::now() + patience;
  std::string text;
  std::array<char, 65536> buffer{};
  while (text.size() <= most) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    pollfd ready{output_.get(), POLLIN, 0};
    if (left.count() <= 0 || ::poll(&ready, 1, static_cast<int>(left.count())) <= 0) return std::nullopt;
    const ssize_t count = ::read(output_.get(), buffer.data(), buffer.size());
    if (count < 0) return std::nullopt;
    if (count > 0) {
      text.append(buffer.data(), static_cast<std::size_t>(count));
      continue;
    }
    // It has closed its output, so it is about to end.
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT) != 0) return std::nullopt;
    const int status = wait();
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return std::nullopt;
    return text;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Normalised> normalise(Kind kind, const std::string& path) {
  const std::vector<std::string> command = commandFor(kind, path);
  if (command.empty()) return std::nullopt;
  Child child(command);
  auto text = child.output(Sources::maxSize);
  if (!text) return std::nullopt;
  std::string line;
  for (const std::string& word : command) line += (line.empty() ? "" : " ") + word;
  return Normalised{std::move(line), std::move(*text)};
}

}  // namespace taut::importer
