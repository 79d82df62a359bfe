#include "origin.hpp"

#include <tuple>

#include <fmt/format.h>

namespace taut::config {

std::string Origin::toText() const {
  if (kind_ == Kind::preset) return "default";
  return kind_ == Kind::file ? fmt::format("{}:{}:{}", *source_, line_, column_) : *source_;
}

std::weak_ordering operator<=>(const Origin& left, const Origin& right) {
  static const std::string none;
  const std::string& leftSource = left.source_ ? *left.source_ : none;
  const std::string& rightSource = right.source_ ? *right.source_ : none;
  return std::tie(left.kind_, leftSource, left.line_, left.column_) <=>
         std::tie(right.kind_, rightSource, right.line_, right.column_);
}

std::string Origin::folder() const {
  if (kind_ != Kind::file) return {};
  const std::size_t slash = source_->rfind('/');
  if (slash == std::string::npos) return {};
  return slash == 0 ? "/" : source_->substr(0, slash);
}

}  // namespace taut::config
