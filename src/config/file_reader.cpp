#include "file_reader.hpp"

#include <glob.h>

#include <filesystem>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "taut/base/input_file.hpp"
#include "taut/base/shut_in.hpp"
#include "toml_document.hpp"

namespace taut::config {

namespace {

constexpr std::uint64_t maxFileSize = 256u << 20;  // octets
constexpr std::size_t maxFiles = 1000;
constexpr std::size_t maxDepth = 8;
constexpr std::string_view wildcards = "*?[";

std::string escapedForGlob(std::string_view path) {
  std::string text;
  for (const char c : path) {
    if (c == '\\' || wildcards.find(c) != wildcards.npos) text.push_back('\\');
    text.push_back(c);
  }
  return text;
}

// In alphabetical order; none where no file fits.
std::vector<std::string> filesOf(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> files;
  if (::glob(pattern.c_str(), 0, nullptr, &found) == 0) files.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  return files;
}

}  // namespace

void FileReader::read(const std::string& path) {
  const auto shared = std::make_shared<const std::string>(path);
  settings_.setStart(Origin::inFile(shared, 1, 1));
  read(path, Origin::inFile(shared, 1, 1), 0);
}

void FileReader::read(const std::string& path, const Origin& named, std::size_t depth) {
  std::string text;
  try {
    settings_.noteFile(path, named);
    InputFile file(path, maxFileSize);
    const auto [known, isNew] = known_.emplace(std::pair(file.version().device, file.version().inode), named);
    if (!isNew) {
      mistakes_.push_back(
          {named, fmt::format("'{}' is read already ({}); expected it once", path, known->second.toText())});
      return;
    }
    text = file.readAll();
  } catch (const FileError& error) {
    mistakes_.push_back({named, fmt::format("cannot read '{}': {}", path, error.what())});
    return;
  }
  const MakeOrigin makeOrigin = [shared = std::make_shared<const std::string>(path)](auto line, auto column) {
    return Origin::inFile(shared, line, column);
  };
  SettingsReader reader(settings_, mistakes_, findVariable_);
  if (auto mistake = readToml(std::move(text), makeOrigin, reader)) mistakes_.push_back(std::move(*mistake));
  // Taken out, so that each file may have its own.
  if (const auto included = settings_.take("include"))
    for (const Item& pattern : std::get<std::vector<Item>>(included->value)) include(pattern, depth + 1);
}

// The folder below which files may fit the pattern. False where there is no looking into it any more.
bool FileReader::noteFolder(const std::string& pattern, const Origin& named) {
  const std::string start = pattern.substr(0, pattern.find_first_of(wildcards));
  std::string folder = start.substr(0, start.rfind('/') + 1);
  if (folder.empty()) folder = "./";
  const bool isOpen = !isShutOut(folder);
  if (!isOpen) mistakes_.push_back({named, fmt::format("cannot look into '{}': {}", folder, shutOutReason)});
  settings_.noteFile(std::move(folder), named);
  return isOpen;
}

void FileReader::include(const Item& pattern, std::size_t depth) {
  if (depth > maxDepth) {
    mistakes_.push_back({pattern.origin, fmt::format("expected at most {} files that include each other", maxDepth)});
    return;
  }
  const auto path = std::filesystem::path(pattern.origin.folder());
  const bool isPattern = pattern.text.find_first_of(wildcards) != std::string::npos;
  if (isPattern && !noteFolder(path / pattern.text, pattern.origin)) return;
  const auto files = isPattern ? filesOf((std::filesystem::path(escapedForGlob(path.string())) / pattern.text).string())
                               : std::vector{(path / pattern.text).string()};
  for (const std::string& file : files) {
    if (known_.size() >= maxFiles) {
      mistakes_.push_back({pattern.origin, fmt::format("expected at most {} files in all", maxFiles)});
      return;
    }
    read(file, pattern.origin, depth);
  }
}

}  // namespace taut::config
