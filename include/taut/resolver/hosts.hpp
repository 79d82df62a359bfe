// Answers from a hosts(5) file, /etc/hosts or another one: A, AAAA and PTR, all of them for ANY, and an empty answer
// for any other type of a name that the file has. For other names the next resolver is asked.
//
// The answers have the AA bit, as those of other servers' hosts modules do: the file is the only source of its data,
// and no server knows better. So no cache keeps them, and a change of the file is seen within a second. There is no
// SOA, so a client may not cache the empty answers (RFC 2308 section 2.2).
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "taut/base/clock.hpp"
#include "taut/base/local_ref.hpp"
#include "taut/dns/answer.hpp"
#include "taut/dns/query.hpp"
#include "taut/resolver/hosts_table.hpp"
#include "taut/resolver/resolver.hpp"
#include "taut/resolver/watched_file.hpp"

namespace taut {

class Hosts final : public Resolver {
 public:
  static constexpr std::size_t maxFileSize = 16u << 20;  // octets; a larger file is not read

  // A file that cannot be read has no names; that is logged, and it is tried again when it changes. The clock outlives
  // the resolver.
  explicit Hosts(std::string path = "/etc/hosts", std::chrono::seconds ttl = std::chrono::hours(1),
                 const Clock& clock = Clock::system());

  Task<std::optional<Answer>> resolve(const Query& query) override;

  // Looks at once whether the file has changed. Otherwise a query causes a look, once a second at most.
  void reload();
  const HostsTable& table() const { return *table_; }

 private:
  void refresh(bool force);

  WatchedFile file_;
  std::chrono::seconds ttl_;
  LocalRef<const HostsTable> table_;
};

}  // namespace taut
