// Gives names that have IPv4 addresses alone addresses of IPv6 too, for clients of a network whose NAT64 translates
// them (RFC 6147). It stands around the resolver that it asks, in front of caches: they keep what the servers said.
//
//  - A question for AAAA that has no such address is answered with the A records of the name, each embedded by the
//    prefix (section 5.1.1), and the aliases that led to them. That there is no such name stays the answer. So does an
//    error that says why, such as a failed validation, and a name whose addresses a policy refuses. For an error
//    without a reason, or because no server could be asked, A is tried: some servers answer AAAA like that (section
//    5.1.2). The TTL is the smaller one of the A record and of the SOA record that denied AAAA, or 600 seconds without
//    one (section 5.1.7). Where A fails, that is the answer: it is not known that there is no address.
//  - AAAA records that no client can use, those with IPv4 addresses mapped into IPv6 and those that `usable` refuses,
//    count as if they were not there (section 5.1.4).
//  - The reverse name of an address with the prefix is an alias of the IPv4 address's, and its PTR records are found
//    there (section 5.3.1).
//  - `ipv4only.arpa`, by which clients find the prefix (RFC 7050), and the reverse names of its addresses are answered
//    without asking (RFC 8880 section 7).
//  - With CD and DO the client validates by itself: all its questions are passed on as they are (section 5.5).
//
// What was synthesised has neither AA nor AD, and no signatures but those of aliases. Whether AAAA does not exist
// is judged by the resolver behind, which validates or does not.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "taut/base/address_policy.hpp"
#include "taut/base/bytes.hpp"
#include "taut/dns/name.hpp"
#include "taut/resolver/nat64_prefix.hpp"
#include "taut/resolver/resolver.hpp"

namespace taut {

struct Dns64Options {
  Nat64Prefix prefix{};
  AddressPolicy usable{};  // IPv6 addresses that answers may have; all but mapped ones at first
};

class Dns64 final : public Resolver {
 public:
  explicit Dns64(std::shared_ptr<Resolver> client, Dns64Options options = {})
      : client_(std::move(client)), options_(std::move(options)) {}

  Task<std::optional<Answer>> resolve(const Query& query) override;
  void prefetch(std::span<const Query* const> queries) const override { client_->prefetch(queries); }
  ServedZone servedZone(NameView origin, Class rrClass) const override { return client_->servedZone(origin, rrClass); }
  void addTo(ResolverStatistics& statistics) const override { client_->addTo(statistics); }
  Task<> start(TaskScope& work) override { return client_->start(work); }
  Task<> close() override { return client_->close(); }

 private:
  struct Found;

  std::optional<Answer> discovery(const Query& query) const;
  Task<std::optional<Answer>> resolveAddress(const Query& query);
  Task<std::optional<Answer>> wait(Task<std::optional<Answer>> task, const Query& query);
  Task<std::optional<Answer>> complete(std::optional<Answer> native, const Query& query);
  Task<std::optional<Answer>> askForA(Answer native, const Query& query);
  Task<std::optional<Answer>> resolveReverse(const Query& query, Name target);
  bool isUsable(ByteSpan rdata) const;
  Found look(const Answer& answer) const;
  void removeUnusable(Answer& answer) const;
  std::optional<Answer> synthesise(const Answer& native, const Answer& v4) const;

  std::shared_ptr<Resolver> client_;
  Dns64Options options_;
};

}  // namespace taut
