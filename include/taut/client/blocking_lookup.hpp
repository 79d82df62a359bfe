// Lookups for programs without a loop: each blocks the thread until it has ended.
//
//   for (const Address& address : lookupAddresses("www.example.com")) connect(address);
//
// They may be called on any thread, at the same time too: each call has a shard and a client of its own, so a program
// that looks up many names makes a Shard and a Client once. In a handler they would hold up the handler's whole shard.
// Beside what a Client throws, they throw IoUnavailable.
#pragma once

#include <exception>
#include <optional>
#include <utility>

#include "taut/base/address.hpp"
#include "taut/client/client.hpp"
#include "taut/client/lookup.hpp"
#include "taut/client/lookup_name.hpp"
#include "taut/coro/task.hpp"
#include "taut/dns/address_name.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/dns/type.hpp"
#include "taut/io/shard.hpp"

namespace taut {

namespace detail {

template <class Result>
Task<Result> closeAfter(Client& client, Task<Result> lookup) {
  std::optional<Result> found;
  std::exception_ptr failure;
  try {
    found = co_await std::move(lookup);
  } catch (...) {
    failure = std::current_exception();
  }
  co_await client.close();
  if (failure) std::rethrow_exception(failure);
  co_return std::move(*found);
}

// `begin` gives the task of a lookup by the client.
template <class Begin>
auto lookUpAndClose(const ClientOptions& options, const Begin& begin) {
  Shard shard;
  Client client(shard, options);
  return shard.run(closeAfter(client, begin(client)));
}

}  // namespace detail

template <class Rdata>
Lookup<Rdata> lookup(LookupName name, const ClientOptions& options = {}) {
  return detail::lookUpAndClose(options, [&](Client& client) { return client.lookup<Rdata>(name); });
}
inline Lookup<LookupRecord> lookup(LookupName name, Type type, const ClientOptions& options = {}) {
  return detail::lookUpAndClose(options, [&](Client& client) { return client.lookup(name, type); });
}
inline Lookup<Address> lookupAddresses(LookupName name, const ClientOptions& options = {}) {
  return detail::lookUpAndClose(options, [&](Client& client) { return client.lookupAddresses(name); });
}

inline Lookup<rdata::A> lookupAddress(LookupName name, const ClientOptions& options = {}) {
  return lookup<rdata::A>(name, options);
}
inline Lookup<rdata::AAAA> lookupIPV6Address(LookupName name, const ClientOptions& options = {}) {
  return lookup<rdata::AAAA>(name, options);
}
inline Lookup<rdata::MX> lookupMailExchange(LookupName name, const ClientOptions& options = {}) {
  return lookup<rdata::MX>(name, options);
}
inline Lookup<rdata::SRV> lookupService(LookupName name, const ClientOptions& options = {}) {
  return lookup<rdata::SRV>(name, options);
}
inline Lookup<rdata::NS> lookupNameservers(LookupName name, const ClientOptions& options = {}) {
  return lookup<rdata::NS>(name, options);
}
inline Lookup<rdata::TXT> lookupText(LookupName name, const ClientOptions& options = {}) {
  return lookup<rdata::TXT>(name, options);
}
inline Lookup<rdata::PTR> lookupPointer(LookupName name, const ClientOptions& options = {}) {
  return lookup<rdata::PTR>(name, options);
}
inline Lookup<rdata::PTR> lookupPointer(const Address& address, const ClientOptions& options = {}) {
  return lookup<rdata::PTR>(reverseName(address), options);
}

}  // namespace taut
