#include "listeners.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <exception>
#include <ranges>
#include <system_error>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "stream_options.hpp"
#include "taut/base/log.hpp"
#include "taut/net/interface_addresses.hpp"
#include "taut/server/waiting_queries.hpp"

namespace taut {

namespace {

constexpr int socketBuffer = 4 << 20;   // octets; a burst waits here while a shard is at work
constexpr std::size_t maxBrought = 32;  // addresses of interfaces that a wildcard brings

// Where a port is to be picked, the two get ports of their own.
bool isBroughtBy(const Address& wildcard, const Address& address) {
  return wildcard.isWildcard() && !address.isWildcard() && wildcard.overlaps(address);
}

// An address that is given twice is one listener, and a wildcard brings the addresses of its family with it.
std::vector<Address> distinct(const std::vector<Address>& addresses) {
  std::vector<Address> found;
  for (const Address& address : addresses) {
    const auto brings = [&](const Address& other) { return isBroughtBy(other, address); };
    const bool isKnown = std::ranges::find(found, address) != found.end() || std::ranges::any_of(addresses, brings);
    if (!isKnown) found.push_back(address);
  }
  return found;
}

bool isUnknownFamily(const std::system_error& error) {
  return error.code().value() == EAFNOSUPPORT;
}

// Whether the address, and not its port or a permission, is the reason.
bool isAbsent(const std::system_error& error) {
  return isUnknownFamily(error) || error.code().value() == EADDRNOTAVAIL;
}

bool contains(const std::vector<Address>& addresses, const Address& address) {
  return std::ranges::find(addresses, address) != addresses.end();
}

// Another descriptor of the socket that was opened for the address.
template <typename Socket>
UniqueFd copyOf(const std::vector<std::pair<Address, Socket>>& opened, const Address& address) {
  const auto found = std::ranges::find_if(opened, [&](const auto& socket) { return socket.first == address; });
  return found == opened.end() ? UniqueFd() : UniqueFd(::fcntl(found->second.fd(), F_DUPFD_CLOEXEC, 0));
}

UdpOptions udpOptions() {
  UdpOptions options;
  options.receiveBuffer = options.sendBuffer = socketBuffer;
  return options;
}

}  // namespace

// Opens the sockets of addresses: first on one shard, which finds out which of them are there and which ports are
// free, and then on the others.
class Listeners::Opener {
 public:
  Opener(const Listeners& listeners, Change& change) : listeners_(listeners), change_(change) {}

  // Throws std::system_error.
  void open(const std::vector<Address>& addresses);

 private:
  struct Options {
    UdpOptions udp;
    TcpOptions tcp;
  };

  static Options optionsFor(bool mustBeFree, bool mayBeAbsent);
  void openAbsent(const Address& address);
  void openFirst(const Address& address, bool mayBeAbsent);
  void openOthers();
  void openSurplus();
  Address openBoth(std::size_t shard, const Address& address, const Options& options);
  bool openDatagrams(std::size_t shard, const Address& address, const UdpOptions& options);
  bool openBrought(std::size_t shard, const Entry& wildcard, const Address& address, const UdpOptions& options);
  UniqueFd takeGiven(UniqueFd (GivenSockets::*take)(const Address&), const Address& address);
  template <typename Socket, typename SocketOptions>
  Socket socketFor(std::size_t shard, const Address& address, const SocketOptions& options,
                   UniqueFd (GivenSockets::*take)(const Address&),
                   std::vector<std::pair<Address, Socket>> ListeningSockets::*opened);
  UdpSocket datagramSocket(std::size_t shard, const Address& address, const UdpOptions& options);
  TcpListener streamSocket(std::size_t shard, const Address& address, const TcpOptions& options);

  const Listeners& listeners_;
  Change& change_;
  std::vector<std::size_t> fresh_;  // places in the change's entries
  std::vector<Address> shared_;     // that a given socket was taken for
};

void Listeners::Opener::open(const std::vector<Address>& addresses) {
  std::vector<Address> absent;
  std::exception_ptr reason;
  for (const Address& address : addresses) {
    try {
      openFirst(address, false);
    } catch (const std::system_error& error) {
      if (!isAbsent(error)) throw;
      if (!reason) reason = std::current_exception();
      absent.push_back(address);
    }
  }
  if (change_.entries.empty() && !listeners_.freebind_) std::rethrow_exception(reason);
  for (const Address& address : absent) openAbsent(address);
  if (change_.entries.empty()) std::rethrow_exception(reason);
  openOthers();
  openSurplus();
}

// An address without an interface is bound all the same, and the kernel takes care of the rest. A system without IPv6
// stays without it until it boots again.
void Listeners::Opener::openAbsent(const Address& address) {
  try {
    openFirst(address, true);
    std::vector<std::string>& said = listeners_.freebind_ ? change_.notices : change_.warnings;
    said.push_back(fmt::format("no interface has the address {:h}: it is served from when one has it", address));
  } catch (const std::system_error& error) {
    if (!isUnknownFamily(error)) throw;
    change_.warnings.push_back(
        fmt::format("this system has no {}: {} is not served", address.isV6() ? "IPv6" : "IPv4", address));
  }
}

Listeners::Opener::Options Listeners::Opener::optionsFor(bool mustBeFree, bool mayBeAbsent) {
  Options options{udpOptions(), streamOptions()};
  options.udp.mustBeFree = options.tcp.mustBeFree = mustBeFree;
  options.udp.mayBeAbsent = options.tcp.mayBeAbsent = mayBeAbsent;
  return options;
}

// A port that sockets of this server have is not free, and shared with them. The socket of a wildcard hears what comes
// to all other addresses, also to those that are new; an address without a socket of its own is left to it.
void Listeners::Opener::openFirst(const Address& address, bool mayBeAbsent) {
  const Options options = optionsFor(!listeners_.isOurs(address), mayBeAbsent);
  Entry entry;
  entry.asked = address;
  entry.bound = openBoth(0, listeners_.given_ ? listeners_.given_->withPort(address) : address, options);
  entry.present = !mayBeAbsent;
  if (entry.bound.isWildcard()) entry.brought = listeners_.addressesFor(entry.bound);
  std::erase_if(entry.brought, [&](const Address& each) { return !openBrought(0, entry, each, options.udp); });
  fresh_.push_back(change_.entries.size());
  change_.entries.push_back(std::move(entry));
}

void Listeners::Opener::openOthers() {
  const Options options = optionsFor(false, true);
  for (std::size_t shard = 1; shard < change_.opened.size(); ++shard)
    for (const std::size_t place : fresh_) {
      const Entry& entry = change_.entries[place];
      openBoth(shard, entry.bound, options);
      for (const Address& each : entry.brought) openBrought(shard, entry, each, options.udp);
    }
}

// Given TCP sockets that are more than the shards are served beside theirs: no call keeps the kernel from giving a
// connection to a socket of the group, and one that waits there when it closes is reset.
void Listeners::Opener::openSurplus() {
  std::size_t next = 0;
  for (const std::size_t place : fresh_) {
    const Address& address = change_.entries[place].bound;
    while (UniqueFd given = takeGiven(&GivenSockets::takeStreams, address)) {
      const std::size_t shard = next++ % change_.opened.size();
      TcpListener listener = TcpListener::adopt(listeners_.shards_[shard]->shard(), std::move(given), streamOptions());
      change_.opened[shard].streams.emplace_back(address, std::move(listener));
    }
  }
}

// Returns the address with its port.
Address Listeners::Opener::openBoth(std::size_t shard, const Address& address, const Options& options) {
  constexpr int attempts = 20;  // to find a port that is free for both
  ListeningSockets& opened = change_.opened[shard];
  for (int attempt = 1;; ++attempt) {
    Address bound = address;
    const bool isOpened = openDatagrams(shard, address, options.udp);
    if (isOpened) {
      auto& [label, socket] = opened.datagrams.back();
      bound = label = address.withPort(socket.localAddress().port());
    }
    try {
      opened.streams.emplace_back(bound, streamSocket(shard, bound, options.tcp));
      return bound;
    } catch (const std::system_error& error) {
      if (isOpened) opened.datagrams.pop_back();
      if (address.port() != 0 || error.code().value() != EADDRINUSE || attempt == attempts) throw;
    }
  }
}

// False where there is such a socket already, which stays.
bool Listeners::Opener::openDatagrams(std::size_t shard, const Address& address, const UdpOptions& options) {
  if (listeners_.hasDatagramSocket(address)) return false;
  change_.opened[shard].datagrams.emplace_back(address, datagramSocket(shard, address, options));
  return true;
}

UniqueFd Listeners::Opener::takeGiven(UniqueFd (GivenSockets::*take)(const Address&), const Address& address) {
  return listeners_.given_ ? (listeners_.given_->*take)(address) : UniqueFd();
}

// A given socket may not share its port with another one: it was made without SO_REUSEPORT, or by another user. The
// shards that have none read from that of the first one then.
template <typename Socket, typename SocketOptions>
Socket Listeners::Opener::socketFor(std::size_t shard, const Address& address, const SocketOptions& options,
                                    UniqueFd (GivenSockets::*take)(const Address&),
                                    std::vector<std::pair<Address, Socket>> ListeningSockets::*opened) {
  Shard& of = listeners_.shards_[shard]->shard();
  if (UniqueFd given = takeGiven(take, address)) {
    shared_.push_back(address);
    return Socket::adopt(of, std::move(given), options);
  }
  try {
    return Socket::bind(of, address, options);
  } catch (const std::system_error&) {
    UniqueFd copy = shard > 0 && contains(shared_, address) ? copyOf(change_.opened[0].*opened, address) : UniqueFd();
    if (!copy) throw;
    return Socket::adopt(of, std::move(copy), options);
  }
}

UdpSocket Listeners::Opener::datagramSocket(std::size_t shard, const Address& address, const UdpOptions& options) {
  return socketFor(shard, address, options, &GivenSockets::takeDatagrams, &ListeningSockets::datagrams);
}

TcpListener Listeners::Opener::streamSocket(std::size_t shard, const Address& address, const TcpOptions& options) {
  return socketFor(shard, address, options, &GivenSockets::takeStreams, &ListeningSockets::streams);
}

// Each address has a socket of its own, so that replies which wait for a slow link fill the send buffer of that socket
// only. False where the address has gone, or is not usable yet.
bool Listeners::Opener::openBrought(std::size_t shard, const Entry& wildcard, const Address& address,
                                    const UdpOptions& options) {
  UdpOptions shared = options;
  shared.mustBeFree = false;
  try {
    if (openDatagrams(shard, address, shared)) change_.opened[shard].wildcards.emplace_back(address, wildcard.bound);
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

// A local socket is none of a DNS server; its file goes, so that clients do not wait where no process answers.
void Listeners::openToDrain(Shard& shard, GivenSockets::Socket given, ListeningSockets& sockets) {
  using Kind = GivenSockets::Kind;
  if (given.kind == Kind::local) {
    log::info("the given socket {} is not wanted, and closed", given.path);
    ::unlink(given.path.c_str());
    return;
  }
  log::info("a given {} socket on {} is not wanted: what waits there is answered, and it is closed",
            given.kind == Kind::datagrams ? "UDP" : "TCP", given.address);
  if (given.kind == Kind::streams) {
    sockets.streams.emplace_back(given.address, TcpListener::adopt(shard, std::move(given.fd), streamOptions()));
    return;
  }
  UdpSocket socket = UdpSocket::adopt(shard, std::move(given.fd), udpOptions());
  socket.leaveOthers();
  sockets.datagrams.emplace_back(given.address, std::move(socket));
}

void Listeners::open(const std::vector<Address>& wanted) {
  Change change = prepare(wanted);
  for (std::size_t i = 0; i < shards_.size(); ++i) shards_[i]->listen(std::move(change.opened[i]));
  take(std::move(change));
}

void Listeners::replace(const std::vector<Address>& wanted) {
  const std::scoped_lock replacing(replacing_);
  Change change = prepare(wanted);
  const std::vector<Address> before = addresses();
  const std::vector<Address> presentBefore = present();
  const ClosingSockets closing = takeOut(change.entries);
  for (std::size_t i = 0; i < shards_.size(); ++i) shards_[i]->replaceListeners(std::move(change.opened[i]), closing);
  take(std::move(change));
  for (const Address& address : present())
    if (!contains(presentBefore, address)) log::info("listening on {}", address);
  const std::vector<Address> now = addresses();
  for (const Address& address : before)
    if (!contains(now, address)) log::info("listening on {} has ended", address);
}

// Addresses whose ports are shared with sockets that are served are opened last, when nothing is likely to fail any
// more: from then on clients come to the new sockets too.
Listeners::Change Listeners::prepare(const std::vector<Address>& wanted) {
  Change change;
  change.opened.resize(shards_.size());
  const std::vector<Address> all = distinct(wanted);
  std::vector<Address> fresh;
  for (const Address& address : all) {
    if (const Entry* const entry = find(address))
      change.entries.push_back({address, entry->bound, entry->present, entry->brought});
    else
      fresh.push_back(address);
  }
  awaitClosed(fresh);
  std::ranges::stable_partition(fresh, [this](const Address& address) { return !isOurs(address); });
  Opener(*this, change).open(fresh);
  // In the order in which they are given, those that are there first.
  const auto place = [&](const Entry& entry) {
    return std::pair(!entry.present, std::ranges::find(all, entry.asked) - all.begin());
  };
  std::ranges::stable_sort(change.entries, {}, place);
  return change;
}

const Listeners::Entry* Listeners::find(const Address& address) const {
  const auto found = std::ranges::find_if(
      entries_, [&](const Entry& entry) { return entry.asked == address || entry.bound == address; });
  return found == entries_.end() ? nullptr : &*found;
}

// The addresses that are to have sockets of their own beside the wildcard's. Those that have one keep it, also one that
// is on no interface: the kernel would go on to give what comes to it to that socket while it closes.
std::vector<Address> Listeners::addressesFor(const Address& wildcard) const {
  std::vector<Address> addresses;
  const auto add = [&](const Address& address) {
    if (isBroughtBy(wildcard, address) && !contains(addresses, address)) addresses.push_back(address);
  };
  for (const Entry& entry : entries_) {
    add(entry.bound);
    std::ranges::for_each(entry.brought, add);
  }
  if (given_) std::ranges::for_each(given_->datagramAddresses(), add);
  const std::size_t most = std::max(addresses.size(), maxBrought);
  std::ranges::for_each(interfaceAddresses(wildcard), add);
  addresses.resize(std::min(addresses.size(), most));
  return addresses;
}

bool Listeners::hasDatagramSocket(const Address& address) const {
  return std::ranges::any_of(
      entries_, [&](const Entry& entry) { return entry.bound == address || contains(entry.brought, address); });
}

// Whether sockets of this server, also such as are being closed, keep others away from the address.
bool Listeners::isOurs(const Address& address) const {
  const auto isHeld = [&](const Entry& entry) { return entry.bound.overlaps(address); };
  const auto isClosing = [&](const std::weak_ptr<const Address>& closing) {
    const auto held = closing.lock();
    return held && held->overlaps(address);
  };
  return std::ranges::any_of(entries_, isHeld) || std::ranges::any_of(closing_, isClosing);
}

// A socket that is being closed takes its share of what comes to its address, and does not read it any more.
void Listeners::awaitClosed(const std::vector<Address>& addresses) {
  constexpr std::chrono::milliseconds pause{10};
  constexpr std::chrono::seconds grace{1};
  const auto deadline = std::chrono::steady_clock::now() + drain_ + WaitingQueries::grace + grace;
  const auto isAwaited = [&](const std::weak_ptr<const Address>& closing) {
    const auto held = closing.lock();
    return held && std::ranges::any_of(addresses, [&](const Address& address) { return held->overlaps(address); });
  };
  while (std::ranges::any_of(closing_, isAwaited) && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(pause);
  std::erase_if(closing_, [](const std::weak_ptr<const Address>& closing) { return closing.expired(); });
}

void Listeners::take(Change change) {
  for (const std::string& warning : change.warnings) log::warning("{}", warning);
  for (const std::string& notice : change.notices) log::info("{}", notice);
  const std::scoped_lock lock(mutex_);
  entries_ = std::move(change.entries);
}

// What is not among the next entries is to be closed.
ClosingSockets Listeners::takeOut(const std::vector<Entry>& next) {
  const auto staysBound = [&](const Address& address) {
    return std::ranges::find(next, address, &Entry::bound) != next.end();
  };
  const auto staysBrought = [&](const Address& address) {
    return std::ranges::any_of(next, [&](const Entry& entry) { return contains(entry.brought, address); });
  };
  ClosingSockets closing;
  const auto close = [&](const Address& address, auto& sockets) {
    sockets.push_back(std::make_shared<const Address>(address));
    closing_.push_back(sockets.back());
  };
  for (const Entry& entry : entries_) {
    if (!staysBound(entry.bound)) close(entry.bound, closing.streams);
    if (!staysBound(entry.bound) && !staysBrought(entry.bound)) close(entry.bound, closing.datagrams);
    for (const Address& address : entry.brought)
      if (!staysBound(address) && !staysBrought(address)) close(address, closing.datagrams);
  }
  return closing;
}

std::vector<Address> Listeners::addresses() const {
  const std::scoped_lock lock(mutex_);
  std::vector<Address> addresses;
  for (const Entry& entry : entries_) addresses.push_back(entry.bound);
  return addresses;
}

std::vector<Address> Listeners::present() const {
  const std::scoped_lock lock(mutex_);
  std::vector<Address> addresses;
  for (const Entry& entry : entries_)
    if (entry.present) addresses.push_back(entry.bound);
  return addresses;
}

}  // namespace taut
