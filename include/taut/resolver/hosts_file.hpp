// A hosts(5) file on disk, and the table that it makes. One thread at a time may use the object; any thread may use the
// tables.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "taut/base/clock.hpp"
#include "taut/resolver/hosts_table.hpp"
#include "taut/resolver/watched_file.hpp"

namespace taut {

class HostsFile {
 public:
  static constexpr std::uint64_t maxSize = 16u << 20;  // octets; a larger file is not read

  // Reads it. A file that cannot be read has no names, which is logged. The clock outlives the object.
  explicit HostsFile(std::string path = "/etc/hosts", std::chrono::seconds ttl = std::chrono::hours(1),
                     const Clock& clock = Clock::system());

  // Never null. A file that is gone or empty for a while leaves the table as it was.
  const std::shared_ptr<const HostsTable>& table() const { return table_; }

  // Reads it again where it has changed, and looks whether it has once a second. True where there is another table.
  bool refresh();

  // Reads it again, whether or not it seems to have changed.
  bool reload();

 private:
  bool accept(const std::optional<std::string>& text);

  WatchedFile file_;
  std::chrono::seconds ttl_;
  std::shared_ptr<const HostsTable> table_;
};

}  // namespace taut
