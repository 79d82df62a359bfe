// Gathers diagnostics up to a limit, so that a broken file of a million lines costs no million messages.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "taut/zone/diagnostic.hpp"

namespace taut::detail {

class DiagnosticList {
 public:
  explicit DiagnosticList(std::size_t limit) : limit_(limit) {}

  void add(Diagnostic diagnostic) {
    failed_ = failed_ || diagnostic.isError();
    // An error is kept beyond the limit too: it is the reason why there is no zone.
    const bool full = list_.size() >= limit_ && !(diagnostic.isError() && errors_++ < limit_);
    if (full)
      ++dropped_;
    else
      list_.push_back(std::move(diagnostic));
  }

  void error(std::string message, const RecordPlace& place) {
    add(Diagnostic::Severity::error, std::move(message), place);
  }
  void warning(std::string message, const RecordPlace& place) {
    add(Diagnostic::Severity::warning, std::move(message), place);
  }
  void add(Diagnostic::Severity severity, std::string message, const RecordPlace& place) {
    Diagnostic diagnostic;
    diagnostic.severity = severity;
    diagnostic.file = place.file;
    diagnostic.line = place.line;
    diagnostic.message = std::move(message);
    add(std::move(diagnostic));
  }

  bool failed() const { return failed_; }

  std::vector<Diagnostic> take() {
    if (dropped_ != 0) {
      Diagnostic rest;
      rest.severity = Diagnostic::Severity::warning;
      rest.message = fmt::format("{} more messages are not shown", dropped_);
      list_.push_back(std::move(rest));
    }
    return std::move(list_);
  }

 private:
  std::size_t limit_;
  std::vector<Diagnostic> list_;
  std::size_t errors_ = 0;
  std::size_t dropped_ = 0;
  bool failed_ = false;
};

}  // namespace taut::detail
