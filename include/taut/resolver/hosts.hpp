// Answers from a hosts(5) file, /etc/hosts or another one: A, AAAA and PTR, all of them for ANY. Other types of a name
// that the file has are left to the next resolver or have no data, as `OtherTypes` says: the file knows nothing of mail
// exchangers or services. For other names the next resolver is asked.
//
// The answers have the AA bit, as those of other servers' hosts modules do: the file is the only source of its data. So
// no cache keeps them. There is no SOA, so a client may not cache the empty answers (RFC 2308 section 2.2).
//
// One object for each shard. It reads no file: the table is an immutable snapshot, which all shards may share, and
// `replace` gives later queries another one. `HostsFile` makes tables, and `HostsLoader` makes them while a server
// serves. No query touches a count that other shards touch.
#pragma once

#include <memory>
#include <optional>

#include "taut/base/local_ref.hpp"
#include "taut/dns/answer.hpp"
#include "taut/dns/query.hpp"
#include "taut/resolver/hosts_table.hpp"
#include "taut/resolver/resolver.hpp"

namespace taut {

class Hosts final : public Resolver {
 public:
  // What becomes of the types that a hosts file does not hold. With a client behind (`HostsClient`) it is the next
  // resolver's turn.
  enum class OtherTypes { noData, nextResolver };

  // `table` is never null.
  explicit Hosts(std::shared_ptr<const HostsTable> table, OtherTypes otherTypes = OtherTypes::noData);
  ~Hosts() override;

  // Answers that borrow from the table before keep it alive.
  void replace(std::shared_ptr<const HostsTable> table);
  // With the table that another one of this shard has.
  void replaceByThatOf(const Hosts& other);
  const HostsTable& table() const;

  // Whether the file has the name that is asked for.
  bool has(const Query& query) const;

  Task<std::optional<Answer>> resolve(const Query& query) override;

 private:
  class Snapshot;

  LocalRef<const Snapshot> snapshot_;
  OtherTypes otherTypes_;
};

}  // namespace taut
