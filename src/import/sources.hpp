// The files that an import reads: the one that the operator names, and those that it includes. Their number, their
// size, how deep they include each other, and how many words they have is bounded, so that no file, not even one
// that includes itself, makes an import long or large.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "statement.hpp"
#include "taut/base/result.hpp"

namespace taut::importer {

// Where texts come from: the disk, or a test.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  // The files whose paths match the pattern of glob(7), in order; none where nothing matches.
  virtual std::vector<std::string> matching(const std::string& pattern) = 0;
  // The text of a file of at most `maxSize` octets, or why there is none.
  virtual Result<std::string, std::string> read(const std::string& path, std::uint64_t maxSize) = 0;
};

class Disk final : public FileSystem {
 public:
  std::vector<std::string> matching(const std::string& pattern) override;
  Result<std::string, std::string> read(const std::string& path, std::uint64_t maxSize) override;
};

class Sources {
 public:
  static constexpr std::uint64_t maxSize = 64 << 20;  // octets of all files together
  static constexpr std::size_t maxFiles = 10'000;
  static constexpr std::size_t maxIncludeDepth = 16;
  static constexpr std::size_t maxWildcards = 24;     // of a pattern, commas in braces too: each pair doubles the work
  static constexpr std::size_t maxDepth = 64;         // of blocks in each other
  static constexpr std::size_t maxParts = 4'000'000;  // statements and words

  struct Text {
    const std::string* path;
    std::string text;  // UTF-8
  };

  explicit Sources(FileSystem& files) : files_(files) {}

  // The text of the file, or why there is none.
  Result<Text, std::string> read(const std::string& path);
  // A text that is no file, under a name.
  Text add(std::string name, std::string text);

  // The files that an include names, by a path or a pattern; a relative one leads from the folder of the file that
  // includes them. None for a pattern with more than `maxWildcards`.
  std::vector<std::string> included(std::string_view pattern, const std::string& from);

  // Counts a statement or a word, or what takes the memory of several. Throws SyntaxError where there are too many.
  void count(const Place& place, std::size_t parts = 1);

  // Files that are no UTF-8: they were read as ISO 8859-1.
  const std::vector<std::string>& otherEncodings() const { return otherEncodings_; }

 private:
  FileSystem& files_;
  std::deque<std::string> paths_;  // their addresses are in the places
  std::vector<std::string> otherEncodings_;
  std::uint64_t size_ = 0;
  std::size_t parts_ = 0;
};

// The path as seen from a folder; an absolute one is what it is.
std::string resolved(std::string_view path, std::string_view folder);
// What stands before the last slash: the folder that relative paths in a file lead from.
std::string folderOf(std::string_view path);

}  // namespace taut::importer
