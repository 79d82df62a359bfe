#include "taut/transfer/question_window.hpp"

#include <memory>
#include <vector>

#include <doctest/doctest.h>

namespace question_window_test {

namespace {

using taut::QuestionWindow;
using Places = std::vector<std::unique_ptr<QuestionWindow::Place>>;

// As many questions as there is room for, answered.
void answerAll(QuestionWindow& window) {
  Places places;
  while (window.hasRoom()) places.push_back(std::make_unique<QuestionWindow::Place>(window));
  for (const auto& place : places) place->answered();
}

TEST_CASE("a window that is used grows by one for each window of answers, up to its bound") {
  QuestionWindow window;
  CHECK(window.size() == 4);
  answerAll(window);
  CHECK(window.size() == 5);
  answerAll(window);
  CHECK(window.size() == 6);
  for (int i = 0; i < 100; ++i) answerAll(window);
  CHECK(window.size() == QuestionWindow::most);
}

TEST_CASE("a window that is not used does not grow") {
  QuestionWindow window;
  for (int i = 0; i < 100; ++i) {
    const QuestionWindow::Place place(window);
    place.answered();
  }
  CHECK(window.size() == 4);
}

TEST_CASE("the time-outs of one window halve it once, and it never closes") {
  QuestionWindow window;
  for (int i = 0; i < 100; ++i) answerAll(window);
  {
    Places places;
    while (window.hasRoom()) places.push_back(std::make_unique<QuestionWindow::Place>(window));
    for (const auto& place : places) place->timedOut();
    CHECK(window.size() == QuestionWindow::most / 2);
  }
  for (int i = 0; i < 20; ++i) {
    const QuestionWindow::Place place(window);
    place.timedOut();
  }
  CHECK(window.size() == 1);
  CHECK(window.hasRoom());
}

}  // namespace

}  // namespace question_window_test
