// Files that a test makes up, and what an import makes of them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "import/import.hpp"

namespace taut::importer {

class MemoryFiles final : public FileSystem {
 public:
  explicit MemoryFiles(std::map<std::string, std::string> texts) : texts_(std::move(texts)) {}

  // The star at the end of a pattern is all that is known of patterns here.
  std::vector<std::string> matching(const std::string& pattern) override {
    std::vector<std::string> paths;
    for (const auto& [path, text] : texts_)
      if (path.starts_with(pattern.substr(0, pattern.find('*')))) paths.push_back(path);
    return paths;
  }

  Result<std::string, std::string> read(const std::string& path, std::uint64_t maxSize) override {
    const auto found = texts_.find(path);
    if (found == texts_.end()) return Failure(std::string("No such file or directory"));
    if (found->second.size() > maxSize) return Failure(std::string("it is too large"));
    return found->second;
  }

 private:
  std::map<std::string, std::string> texts_;
};

// The taut.toml that comes of a file /etc/source.conf beside others.
inline std::string imported(Kind kind, std::string text, std::map<std::string, std::string> others = {}) {
  MemoryFiles files(std::move(others));
  Sources sources(files);
  return importText(sources, sources.add("/etc/source.conf", std::move(text)), kind, "/etc").toml;
}

// What is wrong with a text; nothing where it is imported.
inline std::string faultOf(Kind kind, std::string text, std::map<std::string, std::string> others = {}) {
  try {
    imported(kind, std::move(text), std::move(others));
  } catch (const SyntaxError& error) {
    return error.what();
  }
  return {};
}

// What stands in the table of a zone that the other server signs.
inline const std::string signedZone =
    "# ATTENTION: the other server signs this zone. taut serves the file as it is, so sign the file beforehand:\n"
    "# where the parent has a DS record, validating resolvers refuse an unsigned zone.\n";

inline bool hasLine(std::string_view text, std::string_view line) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (text.substr(0, end) == line) return true;
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return false;
}

}  // namespace taut::importer
