// What is wrong with a zone, or looks wrong: a message tied to a place in a master file.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace taut {

// Where a record was read.
struct RecordPlace {
  std::shared_ptr<const std::string> file;
  std::uint32_t line = 0;
};

struct Diagnostic {
  enum class Severity : std::uint8_t { warning, error };  // an error refuses the zone

  Severity severity = Severity::error;
  std::shared_ptr<const std::string> file;  // null where the record came from no file
  std::uint32_t line = 0;                   // from 1; 0 where the message is about the zone as a whole
  std::uint32_t column = 0;                 // from 1; 0 where the message is about the record as a whole
  std::string message;

  bool isError() const { return severity == Severity::error; }
  std::string toString() const;  // "file:line:column: warning: message"
};

}  // namespace taut
