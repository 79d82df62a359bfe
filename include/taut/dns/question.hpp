// What is asked for (RFC 1035 section 4.1.2): a name, a type and a class. Two questions are equal where their names
// differ in case alone.
#pragma once

#include "taut/dns/name.hpp"
#include "taut/dns/type.hpp"

namespace taut {

// Borrows the name.
struct QuestionView {
  NameView name;
  Type type{};
  Class rrClass = Class::IN;

  friend bool operator==(const QuestionView&, const QuestionView&) = default;
};

struct Question {
  Name name;
  Type type{};
  Class rrClass = Class::IN;

  operator QuestionView() const { return {name, type, rrClass}; }

  friend bool operator==(const Question&, const Question&) = default;
};

}  // namespace taut
