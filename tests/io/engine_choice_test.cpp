#include "taut/io/engine_choice.hpp"

#include <cerrno>
#include <memory>
#include <optional>
#include <string>

#include <doctest/doctest.h>

#include "io/epoll_engine.hpp"
#include "io/io_uring_engine.hpp"
#include "refused_call.hpp"
#include "taut/io/engine.hpp"

namespace engine_choice_test {

namespace {

using namespace taut;

struct Outcome {
  std::optional<EngineChoice> choice;
  int error = 0;
};

Outcome automaticWhere(long call, int error) {
  Outcome outcome;
  withRefusedCall(call, error, [&outcome] {
    try {
      outcome.choice = chooseEngine(EngineKind::automatic);
    } catch (const IoUnavailable& unavailable) {
      outcome.error = unavailable.error();
    }
  });
  return outcome;
}

}  // namespace

TEST_CASE("epoll is chosen where io_uring is forbidden, missing or too old, with the reason") {
  struct Case {
    int error;
    const char* reason;
  };
  for (const Case& refused : {Case{EPERM, "io_uring is forbidden here (Operation not permitted)"},
                              Case{EACCES, "io_uring is forbidden here (Permission denied)"},
                              Case{ENOSYS, "this system has no io_uring"}, Case{EINVAL, "is too old"}}) {
    const auto choice = automaticWhere(SYS_io_uring_setup, refused.error).choice;
    REQUIRE(choice);
    CHECK(choice->kind == EngineKind::epoll);
    CHECK(choice->whyNotIoUring.find(refused.reason) != std::string::npos);
  }
}

TEST_CASE("epoll is chosen where one of the calls of io_uring alone is forbidden") {
  for (const long call : {SYS_io_uring_enter, SYS_io_uring_register}) {
    const auto choice = automaticWhere(call, EPERM).choice;
    REQUIRE(choice);
    CHECK(choice->kind == EngineKind::epoll);
  }
}

TEST_CASE("where descriptors or memory have run out, that is an error and no other engine is chosen") {
  for (const int error : {EMFILE, ENFILE, ENOMEM}) {
    const Outcome outcome = automaticWhere(SYS_io_uring_setup, error);
    CHECK_FALSE(outcome.choice);
    CHECK(outcome.error == error);
  }
}

TEST_CASE("an engine that is asked for by name is not replaced by another") {
  withRefusedCall(SYS_io_uring_setup, EPERM, [] {
    CHECK(chooseEngine(EngineKind::ioUring).kind == EngineKind::ioUring);
    EngineOptions options;
    options.kind = EngineKind::ioUring;
    CHECK_THROWS_AS(Engine::make(options), IoUnavailable);
  });
}

TEST_CASE("an engine is of the kind that is asked for, and by itself of the kind that was chosen") {
  EngineOptions options;
  options.kind = EngineKind::epoll;
  CHECK(dynamic_cast<const EpollEngine*>(Engine::make(options).get()) != nullptr);
  const bool isEpoll = dynamic_cast<const EpollEngine*>(Engine::make().get()) != nullptr;
  CHECK(isEpoll == (automaticEngine().kind == EngineKind::epoll));
}

TEST_CASE("io_uring is chosen where it can be set up" * doctest::test_suite("io_uring")) {
  const EngineChoice choice = chooseEngine(EngineKind::automatic);
  CHECK(choice.kind == EngineKind::ioUring);
  CHECK(choice.whyNotIoUring.empty());
}

}  // namespace engine_choice_test
