// Client looks names up, for programs and for handlers that need what others serve: a stub resolver with the functions
// of twisted.names.client. It asks the hosts file first, then the servers of /etc/resolv.conf or those it is given.
//
//   Client client(shard);
//   const auto found = co_await client.lookupAddress("www.example.com");
//   for (const rdata::A& a : found) use(a.address);
//   co_await client.close();
//
// - A name in text that does not end in a dot is completed by the search list (resolv.conf(5)): with at least `ndots`
//   dots it is asked for as it is first, and otherwise last. The next name is asked for where there is no such name, or
//   no data of the type. Any other failure ends the search, so that no other host stands in for one that cannot be
//   looked up now.
// - A name of the hosts file, completed or not, has the addresses that the file gives, and no server is asked for them.
// - Aliases are followed, at most `maxLookupAliases`, in one reply and by further questions.
// - A lookup ends with the stop token of the task that awaits it, with `ClientOptions::deadline`, and with close().
//   It throws only what a resolver that the client was given throws, or where memory has run out.
//
// A client belongs to its shard's thread, and any number of lookups may be under way. close() is awaited before the
// client is destroyed, which an assertion checks for the lookups. Programs without a loop have the functions of
// taut/client/blocking_lookup.hpp.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "taut/base/address.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/client/lookup.hpp"
#include "taut/client/lookup_name.hpp"
#include "taut/client/record_order.hpp"
#include "taut/coro/task.hpp"
#include "taut/coro/uses.hpp"
#include "taut/dns/address_name.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/io/shard.hpp"
#include "taut/resolver/resolv_conf.hpp"
#include "taut/resolver/resolver.hpp"
#include "taut/resolver/watched_file.hpp"

namespace taut {

class HostsFile;
struct TsigKey;

// Octets of memory that a zone that is looked up may take.
inline constexpr std::size_t maxLookupZoneSize = std::size_t{128} << 20;

struct ClientOptions {
  std::vector<Address> servers{};               // port 0 stands for 53; empty: those of `resolvConf`
  std::string resolvConf = "/etc/resolv.conf";  // servers and search list, followed as it changes; empty for none
  std::string hostsFile = "/etc/hosts";         // followed as it changes; empty for none
  std::size_t cacheSize = 0;                    // octets for answers that are kept; 0: none are
  // For one lookup, however many names of the search list, aliases and servers it takes.
  std::chrono::milliseconds deadline{30000};
  RandomSource random = randomUpTo;
};

class Client {
 public:
  // Throws std::invalid_argument where there are neither servers nor a file that names them. The shard outlives it.
  explicit Client(Shard& shard, ClientOptions options = {});
  // Asks this resolver in place of servers, after the hosts file. close() leaves it open.
  Client(Shard& shard, std::shared_ptr<Resolver> resolver, ClientOptions options = {});
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  // Stops the lookups that are under way, and waits until they have ended. Later ones end at once.
  Task<> close();

  // Records of any type: `co_await client.lookup<rdata::CAA>("example.com")`.
  template <class Rdata>
  Task<Lookup<Rdata>> lookup(LookupName name);
  // The same for a type that is known at run time, ANY included: as octets.
  Task<Lookup<LookupRecord>> lookup(LookupName name, Type type);

  // IPv6 and IPv4 addresses, asked for side by side; what one family has counts where the other fails. Those of IPv6
  // come first. Text that is an address stands for itself.
  Task<Lookup<Address>> lookupAddresses(LookupName name);
  // The first of them, or nothing.
  Task<std::optional<Address>> getHostByName(LookupName name);

  Task<Lookup<rdata::A>> lookupAddress(LookupName name) { return lookup<rdata::A>(name); }
  Task<Lookup<rdata::AAAA>> lookupIPV6Address(LookupName name) { return lookup<rdata::AAAA>(name); }
  Task<Lookup<rdata::A6>> lookupAddress6(LookupName name) { return lookup<rdata::A6>(name); }
  // In the order in which they are to be tried. One service alone whose target is the root says that there is none (RFC
  // 2782), and so does one such mail exchanger (RFC 7505).
  Task<Lookup<rdata::MX>> lookupMailExchange(LookupName name) { return lookup<rdata::MX>(name); }
  Task<Lookup<rdata::SRV>> lookupService(LookupName name) { return lookup<rdata::SRV>(name); }
  Task<Lookup<rdata::NAPTR>> lookupNamingAuthorityPointer(LookupName name) { return lookup<rdata::NAPTR>(name); }
  Task<Lookup<rdata::NS>> lookupNameservers(LookupName name) { return lookup<rdata::NS>(name); }
  Task<Lookup<rdata::SOA>> lookupAuthority(LookupName name) { return lookup<rdata::SOA>(name); }
  Task<Lookup<rdata::CNAME>> lookupCanonicalName(LookupName name) { return lookup<rdata::CNAME>(name); }
  Task<Lookup<rdata::PTR>> lookupPointer(LookupName name) { return lookup<rdata::PTR>(name); }
  Task<Lookup<rdata::PTR>> lookupPointer(const Address& address) { return lookup<rdata::PTR>(reverseName(address)); }
  Task<Lookup<rdata::TXT>> lookupText(LookupName name) { return lookup<rdata::TXT>(name); }
  // The historic type SPF. Policies of today are among the TXT records (RFC 7208 section 3.1).
  Task<Lookup<rdata::SPF>> lookupSenderPolicy(LookupName name) { return lookup<rdata::SPF>(name); }
  Task<Lookup<rdata::HINFO>> lookupHostInfo(LookupName name) { return lookup<rdata::HINFO>(name); }
  Task<Lookup<rdata::RP>> lookupResponsibility(LookupName name) { return lookup<rdata::RP>(name); }
  Task<Lookup<rdata::AFSDB>> lookupAFSDatabase(LookupName name) { return lookup<rdata::AFSDB>(name); }
  Task<Lookup<rdata::WKS>> lookupWellKnownServices(LookupName name) { return lookup<rdata::WKS>(name); }
  Task<Lookup<rdata::MINFO>> lookupMailboxInfo(LookupName name) { return lookup<rdata::MINFO>(name); }
  Task<Lookup<rdata::MB>> lookupMailBox(LookupName name) { return lookup<rdata::MB>(name); }
  Task<Lookup<rdata::MG>> lookupMailGroup(LookupName name) { return lookup<rdata::MG>(name); }
  Task<Lookup<rdata::MR>> lookupMailRename(LookupName name) { return lookup<rdata::MR>(name); }
  Task<Lookup<rdata::NULL_>> lookupNull(LookupName name) { return lookup<rdata::NULL_>(name); }
  Task<Lookup<LookupRecord>> lookupAllRecords(LookupName name) { return lookup(name, Type::ANY); }

  // All records of a zone, its SOA first, from a server that gives them (AXFR, RFC 5936); port 0 stands for 53. The
  // name is not completed, and no other server is asked. With a key, which outlives the lookup, request and reply are
  // signed. What the server, or a zone of over `maxLookupZoneSize`, has done to it is in `extendedErrorText`.
  Task<Lookup<LookupRecord>> lookupZone(LookupName name, Address server, const TsigKey* key = nullptr);

 private:
  class Limits;
  using Records = Lookup<LookupRecord>;

  std::vector<Name> candidates(const LookupName& name);
  Task<Records> find(LookupName name, Type type);
  Task<std::vector<Records>> search(LookupName name, std::span<const Type> types);
  bool searchHosts(std::span<const Name> names, std::vector<Records>& found);
  Task<> askAll(std::vector<Records>& found, Limits& limits);
  Task<> ask(Records& found, Limits& limits);

  Shard& shard_;
  ClientOptions options_;
  std::unique_ptr<WatchedFile> resolvConf_;  // null: none
  ResolvConf conf_;                          // what it says, or said last
  std::unique_ptr<HostsFile> hostsFile_;     // null: none
  std::shared_ptr<Resolver> resolver_;
  bool ownsResolver_;
  StopSource stop_;
  Uses underWay_;  // lookups
};

template <class Rdata>
Task<Lookup<Rdata>> Client::lookup(LookupName name) {
  const Uses::Use underWay(underWay_);
  Records found = co_await find(name, Rdata::type);
  Lookup<Rdata> typed(std::move(found));
  for (const LookupRecord& record : found.records)
    if (auto rdata = rdata::read<Rdata>(record.rdata)) typed.records.push_back(std::move(*rdata));
  if (typed.ok() && typed.empty()) typed.status = LookupStatus::noData;
  orderRecords(typed.records, options_.random);
  co_return typed;
}

}  // namespace taut
