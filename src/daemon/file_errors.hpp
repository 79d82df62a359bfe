// What is wrong with several files, a line for each error: an operator mends them all in one go.
#pragma once

#include <stdexcept>
#include <string>

namespace taut {

class FileErrors {
 public:
  template <typename Function>
  void collect(const Function& function) {
    try {
      function();
    } catch (const std::runtime_error& error) {
      text_.append(text_.empty() ? "" : "\n").append(error.what());
    }
  }

  const std::string& text() const { return text_; }

  void throwAny() const {
    if (!text_.empty()) throw std::runtime_error(text_);
  }

 private:
  std::string text_;
};

}  // namespace taut
