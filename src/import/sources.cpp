#include "sources.hpp"

#include <glob.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "taut/base/input_file.hpp"
#include "utf8.hpp"

namespace taut::importer {

std::vector<std::string> Disk::matching(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> paths;
  if (::glob(pattern.c_str(), GLOB_BRACE, nullptr, &found) == 0)
    paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  return paths;
}

Result<std::string, std::string> Disk::read(const std::string& path, std::uint64_t maxSize) {
  try {
    return InputFile(path, maxSize).readAll();
  } catch (const FileError& error) {
    return Failure(std::string(error.what()));
  }
}

Result<Sources::Text, std::string> Sources::read(const std::string& path) {
  if (paths_.size() >= maxFiles) return Failure(fmt::format("more than {} files are included", maxFiles));
  auto text = files_.read(path, maxSize - size_);
  if (!text) return Failure(text.error());
  if (text->find('\0') != std::string::npos) return Failure(std::string("it is no text"));
  return add(path, std::move(*text));
}

Sources::Text Sources::add(std::string name, std::string text) {
  size_ += text.size();
  paths_.push_back(std::move(name));
  const bool known = isUtf8(text);
  if (!known) otherEncodings_.push_back(paths_.back());
  return {&paths_.back(), known ? std::move(text) : fromLatin1(text)};
}

std::vector<std::string> Sources::included(std::string_view pattern, const std::string& from) {
  const std::string path = resolved(pattern, folderOf(from));
  if (path.find_first_of("*?[{") == std::string::npos) return {path};
  constexpr std::string_view wildcards = "*?[{,";
  const auto count = std::ranges::count_if(path, [&](char c) { return wildcards.find(c) != wildcards.npos; });
  if (static_cast<std::size_t>(count) > maxWildcards) return {};
  return files_.matching(path);
}

void Sources::count(const Place& place, std::size_t parts) {
  parts_ += parts;
  if (parts_ > maxParts) throw SyntaxError(place, fmt::format("more than {} statements and words", maxParts));
}

std::string resolved(std::string_view path, std::string_view folder) {
  return (std::filesystem::path(folder) / path).string();
}

std::string folderOf(std::string_view path) {
  return std::filesystem::path(path).parent_path().string();
}

}  // namespace taut::importer
