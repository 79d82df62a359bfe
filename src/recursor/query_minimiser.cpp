#include "taut/recursor/query_minimiser.hpp"

#include <algorithm>

namespace taut {

QueryMinimiser::QueryMinimiser(NameView name, Type type, NameView zone) : name_(name), asked_(name), type_(type) {
  descend(zone);
}

// The name with so many labels is known.
void QueryMinimiser::ask(std::size_t known) {
  const std::size_t labels = name_.labelCount();
  asked_ = name_;
  if (gaveUp_ || known + 1 >= labels || questions_ + 1 >= maxQuestions) return;
  const std::size_t left = labels - known;
  const std::size_t added =
      questions_ < oneByOne ? 1 : std::max<std::size_t>(left / static_cast<std::size_t>(maxQuestions - questions_), 1);
  std::size_t count = known + added;
  while (count < labels && name_.suffix(count).firstLabelStartsWith("_")) ++count;
  asked_ = name_.suffix(count);
  ++questions_;
}

}  // namespace taut
