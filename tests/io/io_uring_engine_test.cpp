#include "io/io_uring_engine.hpp"

#include <cerrno>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <liburing.h>

#include "io/io_uring_setup.hpp"
#include "operations.hpp"
#include "refused_call.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/coro/task_scope.hpp"

namespace io_uring_engine_test {

TEST_SUITE_BEGIN("io_uring");

namespace {

using namespace taut;

// What is said where the kernel refuses io_uring_setup.
std::string refusedWith(int error) {
  std::string text = "accepted";
  withRefusedCall(SYS_io_uring_setup, error, [&text] {
    try {
      const IoUringEngine engine;
    } catch (const IoUnavailable& unavailable) {
      text = unavailable.what();
    }
  });
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
  const int result = detail::setUpRing(ring, EngineOptions{}, &setUpOldKernel);
  return result == 0 ? askedFlags.back() : 0;
}

bool contains(const std::string& text, const char* part) {
  return text.find(part) != text.npos;
}

std::string explained(int error, const char* sysctl, const char* release) {
  return detail::explainUnavailable(error, sysctl, release).what();
}

}  // namespace

TEST_CASE("operations beyond the submission queue park and complete all the same") {
  EngineOptions options;
  options.submissionEntries = 2;
  IoUringEngine engine(options);
  TaskScope scope;
  int done = 0;
  for (int i = 0; i < 100; ++i) scope.spawn(doNothing(engine, done));
  CHECK(engine.parkedCount() == 98);
  CHECK(engine.hasParked());
  for (int i = 0; i < 100 && !scope.empty(); ++i) turn(engine);
  CHECK(done == 100);
  CHECK_FALSE(engine.hasParked());
}

TEST_CASE("completions beyond the completion queue are kept by the kernel and arrive") {
  EngineOptions options;
  options.submissionEntries = 1;
  options.completionEntries = 2;
  IoUringEngine engine(options);
  TaskScope scope;
  int done = 0;
  for (int i = 0; i < 200; ++i) scope.spawn(doNothing(engine, done));
  for (int i = 0; i < 500 && !scope.empty(); ++i) turn(engine);
  CHECK(done == 200);
  CHECK(engine.overflowCount() > 0);
}

TEST_CASE("a parked operation can be stopped") {
  EngineOptions options;
  options.submissionEntries = 1;
  IoUringEngine engine(options);
  const auto event = makeEvent();
  StopSource stop;
  TaskScope scope;
  std::vector<IoResult> results;
  for (int i = 0; i < 3; ++i) scope.spawn(waitReadable(engine, event.get(), stop.token(), results));
  CHECK(engine.parkedCount() == 2);
  stop.requestStop();
  for (int i = 0; i < 5; ++i) turn(engine);
  CHECK(results.size() == 3);
  for (const auto result : results) CHECK(result.stopped());
}

TEST_CASE("cancellations beyond the submission queue park too") {
  EngineOptions options;
  options.submissionEntries = 2;
  IoUringEngine engine(options);
  const auto event = makeEvent();
  StopSource stop;
  TaskScope scope;
  std::vector<IoResult> results;
  for (int i = 0; i < 20; ++i) scope.spawn(waitReadable(engine, event.get(), stop.token(), results));
  for (int i = 0; i < 5; ++i) turn(engine);
  CHECK_FALSE(engine.hasParked());
  stop.requestStop();
  CHECK(engine.hasParked());
  for (int i = 0; i < 5; ++i) turn(engine);
  CHECK(results.size() == 20);
  CHECK_FALSE(engine.hasParked());
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
  const auto sysctl = explained(EPERM, "2", "6.6.1");
  CHECK(contains(sysctl, "kernel.io_uring_disabled is 2"));
  CHECK(contains(sysctl, "sysctl kernel.io_uring_disabled=0"));
  CHECK(contains(explained(EPERM, "0", "6.6.1"), "seccomp"));
  CHECK(contains(explained(EINVAL, "", "5.10.0"), "Linux 5.10.0 is too old"));
  CHECK(contains(explained(ENOMEM, "", "6.6.1"), "ulimit -l"));
  CHECK(contains(explained(EMFILE, "", "6.6.1"), "ulimit -n"));
  CHECK(contains(explained(EIO, "", "6.6.1"), "6.6.1"));
}

TEST_SUITE_END();

}  // namespace io_uring_engine_test
