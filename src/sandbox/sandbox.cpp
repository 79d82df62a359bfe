#include "sandbox.hpp"

#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "landlock.hpp"
#include "privileges.hpp"
#include "row.hpp"
#include "seccomp.hpp"
#include "taut/base/shut_in.hpp"

namespace taut::sandbox {

namespace {

constexpr std::uint32_t whole = 0xffffffff;

constexpr Condition is(std::uint8_t argument, std::uint32_t value, std::uint32_t mask = whole) {
  return {argument, mask, value};
}

// The file is neither made nor changed.
constexpr std::uint32_t writing = O_ACCMODE | O_CREAT | O_TRUNC;
constexpr Condition reads(std::uint8_t argument) {
  return is(argument, O_RDONLY, writing);
}

// A thread of this process, in the namespaces that it has.
constexpr std::uint32_t ofThread = CLONE_THREAD | CLONE_VM;
constexpr std::uint32_t namespaces =
    CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

// Memory that is not run: no code comes into the process any more, except what handlers are loaded from.
constexpr Condition isData(std::uint8_t argument) {
  return is(argument, 0, PROT_EXEC);
}

constexpr Call runtimeCalls[] = {
    {"read"},
    {"readv"},
    {"write"},
    {"writev"},
    {"close"},
    {"lseek"},
    {"fcntl"},
    {"poll"},
    {"ppoll"},
    {"eventfd2"},
    {"ioctl", {is(1, FIONREAD)}},
    {"ioctl", {is(1, TCGETS)}},  // isatty
    // Memory and threads.
    {"brk"},
    {"mmap", {isData(2)}},
    {"mprotect", {isData(2)}},
    {"mremap"},
    {"munmap"},
    {"madvise"},
    {"clone", {is(0, ofThread, ofThread | namespaces)}},
    {"set_robust_list"},
    {"rseq"},
    {"futex"},
    {"membarrier"},
    {"sched_yield"},
    {"sched_getaffinity"},
    {"prctl", {is(0, PR_SET_TIMERSLACK)}},
    {"prctl", {is(0, PR_SET_NAME)}},
    {"prctl", {is(0, PR_SET_VMA)}},
    // A thread that was busy when the process shut itself in does so later, as that of the log where nobody has read
    // what it writes. These calls only take away.
    {"prctl", {is(0, PR_SET_NO_NEW_PRIVS)}},
    {"capget"},
    {"capset"},
    {"landlock_restrict_self"},
    {"exit"},
    // Clocks, and what is asked of the process itself.
    {"clock_gettime"},
    {"clock_getres"},
    {"clock_nanosleep"},
    {"nanosleep"},
    {"gettimeofday"},
    {"time"},
    {"getrandom"},
    {"getpid"},
    {"gettid"},
    {"getuid"},
    {"geteuid"},
    {"getgid"},
    {"getegid"},
    {"getgroups"},
    {"getrusage"},
    {"prlimit64", {is(0, 0)}},
    {"getrlimit"},
    {"setrlimit"},
    {"sysinfo"},
    {"uname"},
    // Signals, which it may send to itself, and the ways to end.
    {"rt_sigaction"},
    {"rt_sigprocmask"},
    {"rt_sigreturn"},
    {"rt_sigtimedwait"},
    {"sigaltstack"},
    {"restart_syscall"},
    {"kill", {is(0, ownProcess)}},
    {"tgkill", {is(0, ownProcess)}},
    {"exit_group"},
};
constexpr Path runtimePaths[] = {
    {"/dev/null"},  {"/etc/localtime"}, {"/usr/share/zoneinfo"},
    {"/proc/self"}, {"/proc/stat"},     {"/sys/devices/system/cpu"},
};

constexpr Call fileCalls[] = {
    {"openat", {reads(2)}},
    {"open", {reads(1)}},
    {"pread64"},
    {"fadvise64"},
    {"fstat"},
    {"stat"},
    {"lstat"},
    {"newfstatat"},
    {"statx"},
    {"access"},
    {"faccessat"},
    {"faccessat2"},
    {"readlink"},
    {"readlinkat"},
    {"getdents64"},
    {"getcwd"},
};
// For messages.
constexpr Path filePaths[] = {{"/etc/passwd"}, {"/etc/group"}};

constexpr Call socketCalls[] = {
    {"socket", {is(0, AF_INET)}},
    {"socket", {is(0, AF_INET6)}},
    {"socket", {is(0, AF_UNIX)}},
    {"socket", {is(0, AF_NETLINK), is(2, NETLINK_ROUTE)}},  // getifaddrs
    {"ioctl", {is(1, SIOCGIFNAME)}},
    {"ioctl", {is(1, SIOCGIFINDEX)}},
    {"bind"},
    {"listen"},
    {"accept"},
    {"accept4"},
    {"connect"},
    {"getsockname"},
    {"getpeername"},
    {"getsockopt"},
    {"setsockopt"},
    {"shutdown"},
    {"sendto"},
    {"sendmsg"},
    {"sendmmsg"},
    {"recvfrom"},
    {"recvmsg"},
    {"recvmmsg"},
};
constexpr Path socketPaths[] = {{"/proc/sys/net/ipv4/ip_unprivileged_port_start"}};

constexpr Call ioUringCalls[] = {{"io_uring_enter"}, {"io_uring_register"}};
constexpr Call epollCalls[] = {{"epoll_create1"}, {"epoll_ctl"}, {"epoll_wait"}, {"epoll_pwait"}, {"epoll_pwait2"}};
// A file is written beside the one that it takes the place of, and a journal at its end. A lock keeps other processes
// away.
constexpr Call writeCalls[] = {{"openat"}, {"open"},     {"pwrite64"},  {"fsync"},  {"fdatasync"}, {"ftruncate"},
                               {"rename"}, {"renameat"}, {"renameat2"}, {"unlink"}, {"unlinkat"},  {"flock"}};
// An upgrade gives the next process one end of a pair of sockets.
constexpr Call controlCalls[] = {{"unlink"}, {"unlinkat"}, {"socketpair", {is(0, AF_UNIX)}}};

// Code comes into the process, from a file or from a copy of one in memory, and cannot be written to. Python looks for
// epoll where a script imports asyncio, ssl or subprocess.
constexpr Call handlerCalls[] = {{"mmap", {is(2, 0, PROT_WRITE)}}, {"memfd_create"}, {"epoll_create1"}};
constexpr Path handlerPaths[] = {{"/etc/ld.so.cache"}, {"/lib"}, {"/lib64"}, {"/usr/lib"}, {"/usr/local/lib"}};

#ifdef TAUT_SANITIZED
// The search for lost memory at the end looks at the process from another one, which shares its memory.
constexpr std::uint32_t ofObserver = CLONE_VM | CLONE_UNTRACED;
constexpr Call sanitizerCalls[] = {
    {"clone", {is(0, ofObserver, CLONE_THREAD | ofObserver | namespaces)}},
    {"ptrace"},
    {"prctl"},
    {"wait4"},
    {"getdents"},
    {"pipe"},
    {"pipe2"},
    {"socketpair"},
};
constexpr Path sanitizerPaths[] = {{"/proc"}, {"/proc/self/exe"}, {"/usr/lib"}};
#endif

constexpr Row table[] = {
#ifdef TAUT_SANITIZED
    {Feature::runtime, sanitizerCalls, sanitizerPaths},
#endif
    {Feature::runtime, runtimeCalls, runtimePaths},
    {Feature::files, fileCalls, filePaths},
    {Feature::sockets, socketCalls, socketPaths},
    {Feature::ioUring, ioUringCalls, {}},
    {Feature::epoll, epollCalls, {}},
    {Feature::writing, writeCalls, {}},
    {Feature::control, controlCalls, {}},
    {Feature::handlers, handlerCalls, handlerPaths},
};

// The C library makes threads by clone where there is no clone3.
constexpr const char* hidden[] = {"clone3", "openat2"};

std::vector<AllowedPath> pathsOf(const Policy& policy) {
  std::vector<AllowedPath> paths = policy.paths;
  for (const Row& row : rows()) {
    if (std::ranges::find(policy.features, row.feature) == policy.features.end()) continue;
    for (const Path& path : row.paths) paths.push_back({path.path, path.access});
  }
  return paths;
}

}  // namespace

std::span<const Row> rows() {
  return table;
}

std::span<const char* const> hiddenCalls() {
  return hidden;
}

bool isObserved() {
#ifdef TAUT_SANITIZED
  return true;
#else
  return false;
#endif
}

Sandbox::Sandbox(Policy policy)
    : policy_(std::move(policy)), landlock_(std::make_unique<const Landlock>(pathsOf(policy_))) {}

Sandbox::~Sandbox() = default;

void Sandbox::restrictThread() const {
  dropPrivileges();
  landlock_->restrictThread();
}

void Sandbox::restrictProcess() {
  noteShutIn();
  refusal_ = filterCalls(policy_.features);
}

std::string Sandbox::description() const {
  std::string holding;
  std::string missing;
  const auto add = [&](const char* layer, const std::string& refusal) {
    if (refusal.empty())
      holding += fmt::format("{}{}", holding.empty() ? "" : ", ", layer);
    else
      missing += fmt::format("; this kernel offers no {} ({})", layer, refusal);
  };
  const bool hasRing = std::ranges::find(policy_.features, Feature::ioUring) != policy_.features.end();
  if (hasRing) add("io_uring restrictions", {});
  add("Landlock", landlock_->refusal());
  add("seccomp", refusal_);
  return holding + missing;
}

}  // namespace taut::sandbox
