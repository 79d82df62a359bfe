#include "taut/io/ring.hpp"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <liburing.h>

#include "io/ring_setup.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/base/unique_fd.hpp"
#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"

using taut::Completion;
using taut::IoResult;
using taut::Operation;
using taut::Request;
using taut::Ring;
using taut::RingOptions;
using taut::StopSource;
using taut::StopToken;
using taut::Task;
using taut::TaskScope;

namespace {

class Nothing final : public taut::SingleOperation {
 public:
  explicit Nothing(Ring& ring, StopToken stop = {}) : SingleOperation(ring, stop) {}
};

Task<> doNothing(Ring& ring, int& done) {
  const IoResult result = co_await Nothing(ring);
  if (result.ok()) ++done;
}

Task<> waitReadable(Ring& ring, int fd, StopToken stop, std::vector<IoResult>& results) {
  const IoResult result = co_await taut::ReadableOperation(ring, fd, stop);
  results.push_back(result);
}

// Starts an operation of its own when it is called.
class StartsNothing final : public taut::BeforeSubmit, public Operation {
 public:
  explicit StartsNothing(Ring& ring) : Operation(ring) {}
  void beforeSubmit() noexcept override {
    ++calls;
    start();
  }
  int calls = 0;
  int completions = 0;

 private:
  void complete(const Completion&) noexcept override { ++completions; }
};

// Sends one octet and says what came of it.
void turn(Ring& ring) {
  ring.poll(taut::Duration::zero());
  ring.resumeRunnable();
}

taut::UniqueFd makeEvent() {
  return taut::UniqueFd(::eventfd(0, EFD_CLOEXEC));
}

// Has the kernel refuse io_uring_setup to this thread, as the profile of a container does, and says what comes of it.
std::string refusedWith(int error) {
  std::string text;
  std::thread thread([&] {
    std::array<sock_filter, 4> program{{
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    }};
    sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
      text = "no seccomp";
      return;
    }
    try {
      const Ring ring;
      text = "accepted";
    } catch (const taut::IoUnavailable& unavailable) {
      text = unavailable.what();
    }
  });
  thread.join();
  return text;
}

// Stands in for a kernel that does not know some flags.
unsigned unknownFlags = 0;
std::vector<unsigned> askedFlags;

int setUpOldKernel(unsigned, io_uring&, io_uring_params& params) {
  askedFlags.push_back(params.flags);
  return (params.flags & unknownFlags) != 0 ? -EINVAL : 0;
}

unsigned flagsAcceptedWithout(unsigned unknown) {
  unknownFlags = unknown;
  askedFlags.clear();
  io_uring ring{};
  const int result = taut::detail::setUpRing(ring, RingOptions{}, &setUpOldKernel);
  return result == 0 ? askedFlags.back() : 0;
}

bool contains(const std::string& text, const char* part) {
  return text.find(part) != text.npos;
}

}  // namespace

TEST_CASE("a poll keeps its limit, and one that has no limit waits for the first completion") {
  Ring ring;
  TaskScope scope;
  int done = 0;
  auto manyCompletions = [&] {
    for (int i = 0; i < 32; ++i) scope.spawn(doNothing(ring, done));
    CHECK(ring.poll(taut::Duration::zero()) == 32);
    ring.resumeRunnable();
  };
  manyCompletions();
  CHECK(ring.poll(std::chrono::milliseconds(1)) == 0);
  manyCompletions();
  const auto event = makeEvent();
  std::vector<IoResult> results;
  scope.spawn(waitReadable(ring, event.get(), {}, results));
  std::thread writer([&] {
    const std::uint64_t one = 1;
    CHECK(::write(event.get(), &one, sizeof one) == sizeof one);
  });
  CHECK(ring.poll(std::nullopt) == 1);
  ring.resumeRunnable();
  writer.join();
  CHECK(results.size() == 1);
  CHECK(done == 64);
}

TEST_CASE("work that waits for the submission is called once, and what it starts is submitted with the rest") {
  Ring ring;
  StartsNothing work(ring);
  ring.callBeforeSubmit(work);
  CHECK(work.calls == 0);
  CHECK(ring.poll(taut::Duration::zero()) == 1);
  CHECK(work.calls == 1);
  CHECK(work.completions == 1);
  CHECK(ring.poll(taut::Duration::zero()) == 0);
  CHECK(work.calls == 1);
}

TEST_CASE("an operation completes in a later turn, never while it is started") {
  Ring ring;
  TaskScope scope;
  int done = 0;
  scope.spawn(doNothing(ring, done));
  CHECK(done == 0);
  CHECK(ring.poll(taut::Duration::zero()) == 1);
  CHECK(done == 0);
  CHECK(ring.hasRunnable());
  ring.resumeRunnable();
  CHECK(done == 1);
}

TEST_CASE("operations beyond the submission queue park and complete all the same") {
  RingOptions options;
  options.submissionEntries = 2;
  Ring ring(options);
  TaskScope scope;
  int done = 0;
  for (int i = 0; i < 100; ++i) scope.spawn(doNothing(ring, done));
  CHECK(ring.parkedCount() == 98);
  CHECK(ring.hasParked());
  for (int i = 0; i < 100 && !scope.empty(); ++i) turn(ring);
  CHECK(done == 100);
  CHECK_FALSE(ring.hasParked());
}

TEST_CASE("completions beyond the completion queue are kept by the kernel and arrive") {
  RingOptions options;
  options.submissionEntries = 1;
  options.completionEntries = 2;
  Ring ring(options);
  TaskScope scope;
  int done = 0;
  for (int i = 0; i < 200; ++i) scope.spawn(doNothing(ring, done));
  for (int i = 0; i < 500 && !scope.empty(); ++i) turn(ring);
  CHECK(done == 200);
  CHECK(ring.overflowCount() > 0);
}

TEST_CASE("a stop ends an operation in flight through its own completion") {
  Ring ring;
  const auto event = makeEvent();
  StopSource stop;
  TaskScope scope;
  std::vector<IoResult> results;
  scope.spawn(waitReadable(ring, event.get(), stop.token(), results));
  turn(ring);
  stop.requestStop();
  CHECK(results.empty());
  CHECK(scope.size() == 1);
  for (int i = 0; i < 3; ++i) turn(ring);
  REQUIRE(results.size() == 1);
  CHECK(results[0].stopped());
}

TEST_CASE("an operation that was stopped before it was submitted completes as stopped") {
  Ring ring;
  const auto event = makeEvent();
  StopSource stop;
  TaskScope scope;
  std::vector<IoResult> results;
  scope.spawn(waitReadable(ring, event.get(), stop.token(), results));
  stop.requestStop();
  for (int i = 0; i < 3; ++i) turn(ring);
  REQUIRE(results.size() == 1);
  CHECK(results[0].stopped());
}

TEST_CASE("a parked operation can be stopped") {
  RingOptions options;
  options.submissionEntries = 1;
  Ring ring(options);
  const auto event = makeEvent();
  StopSource stop;
  TaskScope scope;
  std::vector<IoResult> results;
  for (int i = 0; i < 3; ++i) scope.spawn(waitReadable(ring, event.get(), stop.token(), results));
  CHECK(ring.parkedCount() == 2);
  stop.requestStop();
  for (int i = 0; i < 5; ++i) turn(ring);
  CHECK(results.size() == 3);
  for (const auto result : results) CHECK(result.stopped());
}

TEST_CASE("cancellations beyond the submission queue park too") {
  RingOptions options;
  options.submissionEntries = 2;
  Ring ring(options);
  const auto event = makeEvent();
  StopSource stop;
  TaskScope scope;
  std::vector<IoResult> results;
  for (int i = 0; i < 20; ++i) scope.spawn(waitReadable(ring, event.get(), stop.token(), results));
  for (int i = 0; i < 5; ++i) turn(ring);
  CHECK_FALSE(ring.hasParked());
  stop.requestStop();
  CHECK(ring.hasParked());
  for (int i = 0; i < 5; ++i) turn(ring);
  CHECK(results.size() == 20);
  CHECK_FALSE(ring.hasParked());
}

TEST_CASE("an operation whose token is stopped already does not suspend") {
  Ring ring;
  const auto event = makeEvent();
  StopSource stop;
  stop.requestStop();
  TaskScope scope;
  std::vector<IoResult> results;
  scope.spawn(waitReadable(ring, event.get(), stop.token(), results));
  REQUIRE(results.size() == 1);
  CHECK(results[0].stopped());
}

TEST_CASE("a wait ends when its limit has passed") {
  Ring ring;
  const auto before = std::chrono::steady_clock::now();
  CHECK(ring.poll(std::chrono::milliseconds(2)) == 0);
  CHECK(std::chrono::steady_clock::now() - before >= std::chrono::milliseconds(2));
}

TEST_CASE("a ring is made on one thread and used on another") {
  Ring ring;
  int done = 0;
  std::thread thread([&] {
    TaskScope scope;
    ring.enterThread();
    scope.spawn(doNothing(ring, done));
    while (!scope.empty()) turn(ring);
    ring.leaveThread();
  });
  thread.join();
  CHECK(done == 1);
}

TEST_CASE("setup flags that the kernel does not know are dropped, the newest first") {
  constexpr unsigned always = IORING_SETUP_R_DISABLED | IORING_SETUP_CLAMP;
  constexpr unsigned single = IORING_SETUP_SINGLE_ISSUER;
  constexpr unsigned all = IORING_SETUP_SUBMIT_ALL;
  constexpr unsigned size = IORING_SETUP_CQSIZE;
  constexpr unsigned defer = IORING_SETUP_DEFER_TASKRUN;
  CHECK(flagsAcceptedWithout(0) == (always | single | all | size | defer));
  CHECK(flagsAcceptedWithout(defer) == (always | single | all | size));
  CHECK(flagsAcceptedWithout(defer | single) == (always | all | size));
  CHECK(flagsAcceptedWithout(defer | single | all) == (always | size));
  CHECK(flagsAcceptedWithout(defer | single | all | size) == always);
  CHECK(flagsAcceptedWithout(always) == 0);
  CHECK(askedFlags.size() == 5);
}

TEST_CASE("where a profile forbids io_uring one line says so and what to do") {
  for (const int error : {EPERM, EACCES}) {
    const auto text = refusedWith(error);
    CAPTURE(text);
    CHECK(contains(text, "forbidden"));
    CHECK(contains(text, "seccomp"));
    CHECK(contains(text, "io_uring_setup"));
    CHECK_FALSE(contains(text, "\n"));
  }
}

TEST_CASE("where there is no io_uring one line says so and what to do") {
  const auto text = refusedWith(ENOSYS);
  CAPTURE(text);
  CHECK(contains(text, "no io_uring"));
  CHECK(contains(text, "6.0"));
}

TEST_CASE("the line names the sysctl where that is what forbids it, and the release where that is too old") {
  const auto sysctl = taut::detail::explainUnavailable(EPERM, "2", "6.6.1");
  CHECK(contains(sysctl, "kernel.io_uring_disabled is 2"));
  CHECK(contains(sysctl, "sysctl kernel.io_uring_disabled=0"));
  CHECK(contains(taut::detail::explainUnavailable(EPERM, "0", "6.6.1"), "seccomp"));
  CHECK(contains(taut::detail::explainUnavailable(EINVAL, "", "5.10.0"), "Linux 5.10.0 is too old"));
  CHECK(contains(taut::detail::explainUnavailable(ENOMEM, "", "6.6.1"), "ulimit -l"));
  CHECK(contains(taut::detail::explainUnavailable(EMFILE, "", "6.6.1"), "ulimit -n"));
  CHECK(contains(taut::detail::explainUnavailable(EIO, "", "6.6.1"), "6.6.1"));
}
