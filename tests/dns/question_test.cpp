#include "taut/dns/question.hpp"

#include <doctest/doctest.h>

namespace taut::question_test {

TEST_CASE("Questions are equal by name, whatever its case, type and class") {
  const Question question{Name("Www.example"), Type::A, Class::IN};
  CHECK(question == Question{Name("wwW.EXAMPLE"), Type::A, Class::IN});
  CHECK_FALSE(question == Question{Name("ww.example"), Type::A, Class::IN});
  CHECK_FALSE(question == Question{Name("www.example"), Type::AAAA, Class::IN});
  CHECK_FALSE(question == Question{Name("www.example"), Type::A, Class::CH});
}

TEST_CASE("A view of a question is equal to it, and borrows its name") {
  const Question question{Name("Www.example"), Type::MX, Class::CH};
  const QuestionView view = question;
  CHECK(view == question);
  CHECK(view.name.data() == question.name.data());
  CHECK_FALSE(view == Question{Name("www.example"), Type::MX, Class::IN});
}

}  // namespace taut::question_test
