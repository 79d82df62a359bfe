#include "taut/resolver/hosts_file.hpp"

#include <utility>

#include "taut/base/log.hpp"

namespace taut {

HostsFile::HostsFile(std::string path, std::chrono::seconds ttl, const Clock& clock)
    : file_(std::move(path), maxSize, clock), ttl_(ttl), table_(HostsTable::parse({}, ttl)) {
  reload();
}

bool HostsFile::refresh() {
  return accept(file_.takeChange());
}

bool HostsFile::reload() {
  const auto before = file_.version();
  const auto text = file_.take();
  if (before && text)
    log::info("{} {}", file_.path(), before == file_.version() ? "has not changed" : "changed, reparsing");
  return accept(text);
}

bool HostsFile::accept(const std::optional<std::string>& text) {
  if (!text) return false;
  table_ = HostsTable::parse(*text, ttl_);
  table_->ignoredLines().log(file_.path(), "an address and names");
  if (table_->size() == 0 && table_->ignoredLines().count() > 0)
    log::warning("{}: no line is usable; expected lines such as `192.0.2.1 host.example.com`", file_.path());
  return true;
}

}  // namespace taut
