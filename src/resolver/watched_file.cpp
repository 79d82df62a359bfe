#include "taut/resolver/watched_file.hpp"

#include <map>
#include <mutex>
#include <utility>

#include "taut/base/log.hpp"

namespace taut {

namespace {

bool isBlank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n\v\f") == text.npos;
}

}  // namespace

WatchedFile::WatchedFile(std::string path, std::uint64_t maxSize, const Clock& clock)
    : path_(std::move(path)), maxSize_(maxSize), clock_(clock) {}

std::optional<std::string> WatchedFile::takeChange() {
  const auto now = clock_.now();
  if (looked_ && now - *looked_ < checkInterval) return std::nullopt;
  looked_ = now;
  if (version_ == fileVersion(path_)) return std::nullopt;
  const bool again = hasText_;
  auto text = read();
  if (text && again) log::info("{} changed, reparsing", path_);
  return text;
}

std::optional<std::string> WatchedFile::take() {
  looked_ = clock_.now();
  complained_ = false;
  return read();
}

bool WatchedFile::isFirstToTell() const {
  static std::mutex mutex;
  static auto& told = *new std::map<std::string, FileVersion>;  // by paths
  const std::scoped_lock lock(mutex);
  const FileVersion version = version_.value_or(FileVersion());
  const auto [entry, isNew] = told.try_emplace(path_, version);
  return isNew || std::exchange(entry->second, version) != version;
}

std::optional<std::string> WatchedFile::read() {
  // Before it is opened: what is written while it is read makes another version of it.
  version_ = fileVersion(path_);
  try {
    std::string text = InputFile(path_, maxSize_).readAll();
    // An installation may well begin with an empty file.
    if (hasText_ && isBlank(text)) {
      complain("it is empty");
      return std::nullopt;
    }
    hasText_ = true;
    complained_ = false;
    return text;
  } catch (const FileError& error) {
    complain(error.what());
    return std::nullopt;
  }
}

void WatchedFile::complain(std::string_view reason) {
  if (std::exchange(complained_, true)) return;
  log::warning("cannot read {}: {}{}", path_, reason, hasText_ ? "; what it said before counts" : "");
}

}  // namespace taut
