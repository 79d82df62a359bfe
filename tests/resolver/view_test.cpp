#include "taut/resolver/view.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include "taut/coro/event.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/dns/name.hpp"

namespace view_test {

using namespace taut;

namespace {

// Answers when its gate is open, or passes on; notes what is asked of it.
class Gate final : public Resolver {
 public:
  Gate(std::string& notes, char name, bool answers) : notes_(notes), name_(name), answers_(answers) {}

  Task<std::optional<Answer>> resolve(const Query&) override {
    notes_ += name_;
    co_await open.wait();
    if (!answers_) co_return std::nullopt;
    co_return Answer::nameError();
  }
  void addTo(ResolverStatistics& statistics) const override { ++statistics.caches.hits; }
  Task<> close() override {
    notes_ += '-';
    notes_ += name_;
    return Task<>::ready();
  }

  Event open;

 private:
  std::string& notes_;
  char name_;
  bool answers_;
};

Task<> ask(View& view, const Query& query, std::optional<Answer>& answer) {
  auto found = co_await view.resolve(query);
  answer = std::move(found);
}

Task<> awaitUnused(std::shared_ptr<View> view, StopToken stop, std::string& notes) {
  co_await view->unused(stop);
  notes += '!';
}

struct Fixture {
  Fixture() {
    view->add(own).addShared(shared);
    own->open.set();
  }

  std::string notes;
  std::shared_ptr<Gate> own = std::make_shared<Gate>(notes, 'a', false);
  std::shared_ptr<Gate> shared = std::make_shared<Gate>(notes, 'b', true);
  std::shared_ptr<View> view = std::make_shared<View>(true);
  const Query query{Name("www.example."), Type::A};
  std::optional<Answer> answer;
  TaskScope scope;
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "resolvers of a view are asked in order, and only its own are counted and closed with it") {
  shared->open.set();
  scope.spawn(ask(*view, query, answer));
  CHECK(notes == "ab");
  REQUIRE(answer);
  CHECK(answer->rcode() == Rcode::NXDOMAIN);
  ResolverStatistics statistics;
  view->addTo(statistics);
  CHECK(statistics.caches.hits == 1);
  scope.spawn(view->close());
  CHECK(notes == "ab-a");
  CHECK(view->recursionAvailable());
}

TEST_CASE_FIXTURE(Fixture, "a view that goes is unused when the last query that waits in it has its answer") {
  std::optional<Answer> other;
  scope.spawn(ask(*view, query, answer));
  scope.spawn(ask(*view, query, other));
  CHECK(view->uses() == 2);
  scope.spawn(awaitUnused(view, {}, notes));
  CHECK(notes == "abab");
  const std::weak_ptr<View> gone = view;
  view.reset();
  shared->open.set();
  CHECK(notes == "abab!");
  CHECK(answer);
  CHECK(other);
  CHECK(gone.expired());
}

TEST_CASE_FIXTURE(Fixture, "the wait for the last query ends at once without one, and where it is stopped") {
  scope.spawn(awaitUnused(view, {}, notes));
  CHECK(notes == "!");
  scope.spawn(ask(*view, query, answer));
  StopSource stop;
  scope.spawn(awaitUnused(view, stop.token(), notes));
  CHECK(notes == "!ab");
  stop.requestStop();
  CHECK(notes == "!ab!");
  shared->open.set();
  CHECK(answer);
}

}  // namespace view_test
