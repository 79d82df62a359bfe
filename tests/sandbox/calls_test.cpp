// Which system calls there are for a process that has shut itself in.
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/io_uring.h>
#include <linux/netlink.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "child.hpp"
#include "support/temporary_folder.hpp"
#include "taut/io/offload.hpp"
#include "taut/io/shard.hpp"

namespace calls_test {

using namespace taut::sandbox;
using taut::offload;
using taut::Shard;

namespace {

int tryCall(const std::function<long()>& call) {
  return shutInChild(policyFor(), [&] { return errorOf(call()); });
}

}  // namespace

TEST_CASE("no program is started") {
  const auto execute = [] {
    char name[] = "/bin/true";
    char* const arguments[] = {name, nullptr};
    return ::execv(name, arguments);
  };
  CHECK(tryCall(execute) == -SIGSYS);
  CHECK(tryCall([] { return ::syscall(SYS_execveat, AT_FDCWD, "/bin/true", nullptr, nullptr, 0); }) == -SIGSYS);
  CHECK(tryCall([] { return ::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr); }) == EACCES);
  CHECK(tryCall([] { return ::syscall(SYS_clone3, nullptr, 0); }) == ENOSYS);
}

TEST_CASE("no socket is made of a family that the server has no use for") {
  for (const int family : {AF_PACKET, AF_VSOCK, AF_ALG, AF_BLUETOOTH})
    CHECK(tryCall([family] { return ::socket(family, SOCK_DGRAM, 0); }) == EACCES);
  CHECK(tryCall([] { return ::socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER); }) == EACCES);
  for (const int family : {AF_INET, AF_INET6, AF_UNIX})
    CHECK(tryCall([family] { return ::socket(family, SOCK_STREAM, 0); }) == 0);
}

TEST_CASE("no file is opened to be written to or made") {
  const taut::TemporaryFolder folder;
  const std::string path = folder.path("file");
  std::fclose(std::fopen(path.c_str(), "w"));
  const Policy policy = policyFor({{folder.path()}});
  for (const int flags : {O_WRONLY, O_RDWR, O_RDONLY | O_TRUNC, O_WRONLY | O_CREAT, O_RDONLY | O_CREAT})
    CHECK(shutInChild(policy, [&] { return errorOf(::open(path.c_str(), flags, 0600)); }) == EACCES);
  CHECK(shutInChild(policy, [&] { return errorOf(::open(path.c_str(), O_RDONLY)); }) == 0);
}

TEST_CASE("files are neither renamed, linked, made folders nor given to others") {
  CHECK(tryCall([] { return ::rename("/nowhere/a", "/nowhere/b"); }) == -SIGSYS);
  CHECK(tryCall([] { return ::link("/nowhere/a", "/nowhere/b"); }) == -SIGSYS);
  CHECK(tryCall([] { return ::symlink("/nowhere/a", "/nowhere/b"); }) == -SIGSYS);
  CHECK(tryCall([] { return ::mkdir("/nowhere/a", 0700); }) == -SIGSYS);
  CHECK(tryCall([] { return ::chmod("/nowhere/a", 0777); }) == -SIGSYS);
  CHECK(tryCall([] { return ::chown("/nowhere/a", 0, 0); }) == -SIGSYS);
  CHECK(tryCall([] { return ::unlink("/nowhere/a"); }) == -SIGSYS);
}

TEST_CASE("a call that the server has no use for ends the process") {
#ifndef TAUT_SANITIZED
  CHECK(tryCall([] { return ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr); }) == -SIGSYS);
#endif
  CHECK(tryCall([] { return ::syscall(SYS_perf_event_open, nullptr, 0, -1, -1, 0); }) == -SIGSYS);
  CHECK(tryCall([] { return ::mount("none", "/", "tmpfs", 0, nullptr); }) == -SIGSYS);
  CHECK(tryCall([] { return ::setuid(0); }) == -SIGSYS);
  CHECK(tryCall([] { return ::syscall(SYS_bpf, 0, nullptr, 0); }) == -SIGSYS);
  CHECK(tryCall([] { return ::syscall(SYS_process_vm_readv, 1, nullptr, 0, nullptr, 0, 0); }) == -SIGSYS);
}

TEST_CASE("no further ring is set up, which would have no restrictions, and the filter is not replaced") {
  io_uring_params parameters{};
  CHECK(tryCall([&] { return ::syscall(SYS_io_uring_setup, 1, &parameters); }) == -SIGSYS);
  CHECK(tryCall([] { return ::syscall(SYS_seccomp, 0, 0, nullptr); }) == -SIGSYS);
}

TEST_CASE("no code comes into the process") {
  const auto map = [](int protection) {
    return ::mmap(nullptr, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
  };
  CHECK(tryCall([&] { return map(PROT_READ | PROT_EXEC); }) == EACCES);
  CHECK(tryCall([&] { return map(PROT_READ | PROT_WRITE); }) == 0);
  void* const page = ::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(tryCall([&] { return ::mprotect(page, 4096, PROT_READ | PROT_EXEC); }) == EACCES);
  CHECK(tryCall([&] { return ::mprotect(page, 4096, PROT_READ | PROT_WRITE); }) == 0);
  ::munmap(page, 4096);
}

TEST_CASE("signals go to the process itself only") {
  const pid_t parent = ::getpid();
  CHECK(tryCall([parent] { return ::kill(parent, 0); }) == EACCES);
  CHECK(tryCall([parent] { return ::syscall(SYS_tgkill, parent, parent, 0); }) == EACCES);
  CHECK(tryCall([] { return ::kill(::getpid(), 0); }) == 0);
  CHECK(tryCall([]() -> long { std::abort(); }) == -SIGABRT);
}

TEST_CASE("the filter counts for threads that run already, and for those that are started later") {
  const auto call = [] { return ::socket(AF_PACKET, SOCK_DGRAM, 0); };
  const int before = inChild([&] {
    std::promise<void> shut;
    std::promise<int> tried;
    std::thread thread([&] {
      shut.get_future().wait();
      tried.set_value(errorOf(call()));
    });
    Sandbox cage(policyFor());
    shutIn(cage);
    shut.set_value();
    thread.join();
    return tried.get_future().get();
  });
  CHECK(before == EACCES);
  const int after = shutInChild(policyFor(), [&] {
    int error = 0;
    std::thread([&] { error = errorOf(call()); }).join();
    return error;
  });
  CHECK(after == EACCES);
}

TEST_CASE("a thread that was busy meanwhile is shut in when the filter holds already") {
  const auto late = [] {
    Sandbox cage(policyFor());
    std::promise<void> shut;
    int error = -1;
    std::thread thread([&] {
      shut.get_future().wait();
      cage.restrictThread();
      error = errorOf(::open("/", O_RDONLY));
    });
    shutIn(cage);
    shut.set_value();
    thread.join();
    return error;
  };
  CHECK(inChild(late) == (hasLandlock() ? EACCES : 0));
}

TEST_CASE("what blocks is offloaded to threads that start when the process has shut itself in") {
  const auto offloaded = [] {
    Shard shard;
    Sandbox cage(policyFor());
    shutIn(cage);
    const auto value = shard.run(offload(shard, [] { return 7; }));
    return value == 7 ? 0 : 1;
  };
  CHECK(inChild(offloaded) == 0);
}

TEST_CASE("addresses of interfaces, clocks and the local time are there") {
  const auto ask = [] {
    ifaddrs* first = nullptr;
    if (::getifaddrs(&first) != 0) return errno;
    const bool found = first != nullptr;
    ::freeifaddrs(first);
    const std::time_t now = std::time(nullptr);
    std::tm local{};
    return found && ::localtime_r(&now, &local) ? 0 : 1;
  };
  CHECK(shutInChild(policyFor(), ask) == 0);
}

TEST_CASE("what only one feature needs is there with it only") {
  const taut::TemporaryFolder folder;
  const std::string path = folder.path("file");
  std::fclose(std::fopen(path.c_str(), "w"));
  Policy policy = policyFor({{folder.path(), Access::remove}});
  policy.features.push_back(Feature::control);
  CHECK(shutInChild(policy, [&] { return errorOf(::unlink(path.c_str())); }) == 0);
  Policy noRing = policyFor();
  std::erase(noRing.features, Feature::ioUring);
  CHECK(shutInChild(noRing, [] { return errorOf(::syscall(SYS_io_uring_enter, -1, 0, 0, 0, nullptr, 0)); }) == -SIGSYS);
  CHECK(tryCall([] { return ::syscall(SYS_io_uring_enter, -1, 0, 0, 0, nullptr, 0); }) == EBADF);
}

TEST_CASE("the log learns what holds") {
  Sandbox cage(policyFor());
  CHECK(cage.description().starts_with("io_uring restrictions, "));
}

}  // namespace calls_test
