#include "process.hpp"

#include <fcntl.h>
#include <grp.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

#include "taut/base/input_file.hpp"
#include "taut/base/text.hpp"

namespace taut::ctl {

namespace {

namespace fs = std::filesystem;

constexpr int firstGiven = 3;

std::string reasonOf(int error) {
  return std::generic_category().message(error);
}

std::string readProc(pid_t process, std::string_view name) {
  constexpr std::uint64_t maxSize = 16 << 20;  // octets
  try {
    return InputFile(fmt::format("/proc/{}/{}", process, name), maxSize).readAll();
  } catch (const FileError& error) {
    throw ProcessError(fmt::format("{}; run tautctl as root, or as the user who started the server", error.what()));
  }
}

// What ends with NUL each.
std::vector<std::string> splitAtNul(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\0'), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return words;
}

template <typename Number>
Number numberOf(std::string_view text, int base = 10) {
  Number number{};
  std::from_chars(text.data(), text.data() + text.size(), number, base);
  return number;
}

std::string valueOf(const std::vector<std::string>& environment, std::string_view name) {
  for (const std::string& entry : environment)
    if (entry.size() > name.size() && entry[name.size()] == '=' && entry.starts_with(name))
      return entry.substr(name.size() + 1);
  return {};
}

// The group's ids are the real, the effective and others; the effective one counts.
void readStatus(ProcessStart& start) {
  const std::string text = readProc(start.process, "status");
  for (std::string_view rest = text; !rest.empty();) {
    std::string_view line = takeLine(rest);
    const std::string_view key = takeWord(line);
    if (key == "Gid:") {
      takeWord(line);
      start.group = numberOf<gid_t>(takeWord(line));
    }
    if (key == "Umask:") start.umask = numberOf<mode_t>(takeWord(line), 8);
    if (key != "Groups:") continue;
    for (std::string_view group = takeWord(line); !group.empty(); group = takeWord(line))
      start.groups.push_back(numberOf<gid_t>(group));
  }
}

bool isProgram(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error) && ::access(path.c_str(), X_OK) == 0;
}

// As the shell found it: by a path of the process, or along its PATH. The file that it runs may have been replaced,
// which the kernel says behind its name.
std::string programOf(const ProcessStart& start) {
  const fs::path folder = fmt::format("/proc/{}/cwd", start.process);
  const std::string& word = start.command.front();
  if (word.find('/') != std::string::npos) {
    if (isProgram(folder / word)) return word;
  } else {
    const std::string all = valueOf(start.environment, "PATH");
    for (std::string_view rest = all; !rest.empty();) {
      const std::string_view one = rest.substr(0, rest.find(':'));
      rest.remove_prefix(std::min(rest.size(), one.size() + 1));
      const fs::path path = fs::path(one) / word;
      if (isProgram(folder / path)) return path.string();
    }
  }
  constexpr std::string_view deleted = " (deleted)";
  std::error_code error;
  std::string path = fs::read_symlink(fmt::format("/proc/{}/exe", start.process), error).string();
  if (path.ends_with(deleted)) path.resize(path.size() - deleted.size());
  if (!isProgram(path)) throw ProcessError(fmt::format("{}: there is no such program any more", word));
  return path;
}

// What the process was started with, without what was meant for it alone.
std::vector<std::string> environmentFor(const ProcessStart& start, const std::vector<GivenDescriptor>& given) {
  constexpr std::array<std::string_view, 4> replaced{"LISTEN_FDS=", "LISTEN_PID=", "LISTEN_FDNAMES=", "WATCHDOG_PID="};
  const std::string self = std::to_string(::getpid());
  std::vector<std::string> environment;
  for (const std::string& entry : start.environment)
    if (std::ranges::none_of(replaced, [&](std::string_view name) { return entry.starts_with(name); }))
      environment.push_back(entry);
  std::string names;
  for (const GivenDescriptor& each : given) names.append(names.empty() ? "" : ":").append(each.name);
  environment.push_back(fmt::format("LISTEN_FDS={}", given.size()));
  environment.push_back("LISTEN_PID=" + self);
  environment.push_back("LISTEN_FDNAMES=" + names);
  if (!valueOf(start.environment, "WATCHDOG_PID").empty()) environment.push_back("WATCHDOG_PID=" + self);
  return environment;
}

std::vector<char*> pointersTo(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

void require(bool succeeded, const char* what) {
  if (!succeeded) throw ProcessError(fmt::format("{}: {}", what, reasonOf(errno)));
}

// Descriptors first go where none of the places that they are meant for is.
void place(std::vector<GivenDescriptor>& given, UniqueFd output, UniqueFd errors) {
  const int above = firstGiven + static_cast<int>(given.size());
  const auto moveUp = [above](UniqueFd& fd) {
    fd = UniqueFd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, above));
    require(static_cast<bool>(fd), "a descriptor cannot be handed over");
  };
  for (GivenDescriptor& each : given) moveUp(each.fd);
  moveUp(output);
  moveUp(errors);
  for (std::size_t i = 0; i < given.size(); ++i)
    require(::dup2(given[i].fd.get(), firstGiven + static_cast<int>(i)) >= 0, "dup2");
  const UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  require(::dup2(null.get(), STDIN_FILENO) >= 0 && ::dup2(output.get(), STDOUT_FILENO) >= 0 &&
              ::dup2(errors.get(), STDERR_FILENO) >= 0,
          "dup2");
}

void becomeUserOf(const ProcessStart& start) {
  if (::geteuid() == start.user) return;
  require(::setgroups(start.groups.size(), start.groups.data()) == 0, "setgroups");
  require(::setgid(start.group) == 0, "setgid");
  require(::setuid(start.user) == 0, "setuid");
}

// In the process that was made. `limits` are those of the process that it follows.
[[noreturn]] void become(const ProcessStart& start, std::vector<GivenDescriptor>& given, UniqueFd output,
                         UniqueFd errors, const rlimit& descriptors, int failures) {
  try {
    ::setsid();
    require(::chdir(fmt::format("/proc/{}/cwd", start.process).c_str()) == 0, "the working folder");
    place(given, std::move(output), std::move(errors));
    ::setrlimit(RLIMIT_NOFILE, &descriptors);
    ::umask(start.umask);
    becomeUserOf(start);
    std::vector<std::string> command = start.command;
    std::vector<std::string> environment = environmentFor(start, given);
    ::execve(start.program.c_str(), pointersTo(command).data(), pointersTo(environment).data());
    throw ProcessError(fmt::format("{}: {}", start.program, reasonOf(errno)));
  } catch (const std::exception& error) {
    const std::string_view text = error.what();
    [[maybe_unused]] const auto written = ::write(failures, text.data(), text.size());
    ::_exit(127);
  }
}

}  // namespace

ProcessStart ProcessStart::of(pid_t process, uid_t user) {
  ProcessStart start;
  start.process = process;
  start.user = user;
  readStatus(start);
  start.command = splitAtNul(readProc(process, "cmdline"));
  start.environment = splitAtNul(readProc(process, "environ"));
  if (start.command.empty()) throw ProcessError(fmt::format("process {} has ended", process));
  start.program = programOf(start);
  return start;
}

// The line of the second version: "0::/system.slice/taut.service". What a manager of a user runs is below a unit of the
// system too.
ServiceUnit unitOf(pid_t process) {
  const std::string text = readProc(process, "cgroup");
  for (std::string_view rest = text; !rest.empty();) {
    std::string_view line = takeLine(rest);
    const bool isNamed = line.starts_with("0::") || line.find(":name=systemd:") != std::string_view::npos;
    if (!isNamed) continue;
    const std::string_view path = line.substr(line.find('/'));
    const std::string_view name = path.substr(path.rfind('/') + 1);
    if (!name.ends_with(".service")) continue;
    const std::size_t manager = path.find("/user@");
    return {std::string(name), manager != std::string_view::npos && manager + 1 < path.rfind('/')};
  }
  return {};
}

pid_t startLike(const ProcessStart& start, std::vector<GivenDescriptor> given, UniqueFd output, UniqueFd errors) {
  if (::geteuid() != start.user && ::geteuid() != 0)
    throw ProcessError(
        fmt::format("the server was started by user {}: run tautctl as root, or as that user", start.user));
  rlimit descriptors{};
  if (::prlimit(start.process, RLIMIT_NOFILE, nullptr, &descriptors) != 0) ::getrlimit(RLIMIT_NOFILE, &descriptors);
  std::array<int, 2> ends{};
  require(::pipe2(ends.data(), O_CLOEXEC) == 0, "pipe");
  const UniqueFd failures(ends[0]);
  UniqueFd childs(ends[1]);
  // What the child's descriptors are to be is above 2, and `failures` among the highest.
  UniqueFd high(::fcntl(childs.get(), F_DUPFD_CLOEXEC, firstGiven + 2 * static_cast<int>(given.size()) + 16));
  require(static_cast<bool>(high), "pipe");
  childs.reset();
  const pid_t child = ::fork();
  require(child >= 0, "fork");
  if (child == 0) become(start, given, std::move(output), std::move(errors), descriptors, high.get());
  high.reset();
  std::array<char, 512> failure{};
  const auto size = ::read(failures.get(), failure.data(), failure.size());
  if (size <= 0) return child;
  ::waitpid(child, nullptr, 0);
  throw ProcessError("the new process cannot be started: " +
                     std::string(failure.data(), static_cast<std::size_t>(size)));
}

int runCommand(const std::vector<std::string>& words) {
  std::vector<std::string> command = words;
  const pid_t child = ::fork();
  require(child >= 0, "fork");
  if (child == 0) {
    ::execvp(command.front().c_str(), pointersTo(command).data());
    fmt::print(stderr, "tautctl: {}: {}\n", command.front(), reasonOf(errno));
    ::_exit(127);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace taut::ctl
