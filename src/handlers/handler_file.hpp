// The shared object of a handler as a file: whether it may be loaded is found out before any of it is run.
#pragma once

#include <string>
#include <string_view>

#include "taut/base/input_file.hpp"

namespace taut {

class HandlerFile {
 public:
  // Reads the file and looks whether it holds a handler for a [[handler]] of this name, built for this very taut.
  // Throws std::runtime_error, its text without the path.
  HandlerFile(const std::string& path, std::string_view name);

  const std::string& octets() const { return octets_; }
  const FileVersion& version() const { return version_; }

  // Whether a [[handler]] may have this name where the object is registered by the other: it is the same, or goes on
  // after it with a hyphen, so that several can have one library.
  static bool isNameOf(std::string_view registered, std::string_view name);

 private:
  std::string octets_;
  FileVersion version_;
};

}  // namespace taut
