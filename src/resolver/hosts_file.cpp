#include "taut/resolver/hosts_file.hpp"

#include <utility>

namespace taut {

HostsFile::HostsFile(std::string path, std::chrono::seconds ttl, const Clock& clock)
    : file_(std::move(path), maxSize, clock), ttl_(ttl), table_(HostsTable::parse({}, ttl)) {
  reload();
}

bool HostsFile::refresh() {
  return accept(file_.takeChange());
}

bool HostsFile::reload() {
  return accept(file_.take());
}

bool HostsFile::accept(const std::optional<std::string>& text) {
  if (!text) return false;
  table_ = HostsTable::parse(*text, ttl_);
  table_->ignoredLines().log(file_.path(), "an address and names");
  return true;
}

}  // namespace taut
