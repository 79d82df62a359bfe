#include "origin.hpp"

#include <filesystem>

#include <fmt/format.h>

namespace taut::config {

std::string Origin::toText() const {
  if (kind_ == Kind::preset) return "default";
  return kind_ == Kind::file ? fmt::format("{}:{}:{}", *source_, line_, column_) : *source_;
}

std::string Origin::folder() const {
  return kind_ == Kind::file ? std::filesystem::path(*source_).parent_path().string() : std::string();
}

}  // namespace taut::config
