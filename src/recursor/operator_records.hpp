// Reads files of the operator's that have a few records in master-file form: trust anchors, hints.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "taut/dns/name.hpp"
#include "taut/dns/type.hpp"
#include "taut/zone/diagnostic.hpp"
#include "taut/zone/master_file.hpp"

namespace taut::detail {

class OperatorRecords final : public MasterFileHandler {
 public:
  // Takes a record of class IN, or says what is wrong with it and what would be right.
  using Take = std::function<std::optional<std::string>(const MasterRecord&)>;

  static constexpr std::size_t maxMessages = 10;  // then the rest of the file is not read

  // No file that is included, because what may be read is known before; no TTL is needed; names are absolute.
  static MasterFileOptions options() {
    MasterFileOptions options;
    options.origin = Name();
    options.ttl = 0;
    options.allowInclude = false;
    options.maxGenerated = 0;
    return options;
  }

  OperatorRecords(const std::string& path, Take take)
      : file_(std::make_shared<const std::string>(path)), take_(std::move(take)) {}

  bool onRecord(const MasterRecord& record) override {
    if (record.rrClass != Class::IN) return fail(*record.file, record.line, "a record of another class, expected IN");
    const std::optional<std::string> problem = take_(record);
    return !problem || fail(*record.file, record.line, *problem);
  }
  bool onDiagnostic(Diagnostic diagnostic) override {
    messages_.push_back(std::move(diagnostic));
    return messages_.size() < maxMessages;
  }

  // Of a line, or with 0 of the file as a whole.
  void fail(std::uint32_t line, std::string problem) {
    if (messages_.size() < maxMessages) fail(file_, line, std::move(problem));
  }

  bool hasErrors() const {
    for (const Diagnostic& message : messages_)
      if (message.isError()) return true;
    return false;
  }
  std::vector<Diagnostic> takeMessages() { return std::move(messages_); }

 private:
  bool fail(std::shared_ptr<const std::string> file, std::uint32_t line, std::string problem) {
    Diagnostic diagnostic;
    diagnostic.file = std::move(file);
    diagnostic.line = line;
    diagnostic.message = std::move(problem);
    return onDiagnostic(std::move(diagnostic));
  }

  std::shared_ptr<const std::string> file_;
  Take take_;
  std::vector<Diagnostic> messages_;
};

}  // namespace taut::detail
