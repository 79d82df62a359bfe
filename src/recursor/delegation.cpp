#include "taut/recursor/delegation.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "taut/base/address.hpp"
#include "taut/base/local_pool.hpp"

namespace taut {

namespace {

constexpr std::size_t sizeV4 = 4;
constexpr std::size_t sizeV6 = 16;

// Octets of the suffix that two names share, the root's at least: whole labels.
std::size_t sharedSuffix(NameView name, NameView zone) {
  NameView suffix = zone;
  while (!name.isWithin(suffix)) suffix = suffix.parent();
  return suffix.size();
}

// Of a count of addresses: each has its port behind it.
constexpr std::uint8_t withPorts = 0x80;

// Writes servers, and remembers the addresses that it has written.
class ServerWriter {
 public:
  ServerWriter(NameView zone, LocalBytes& out) : zone_(zone), out_(out) {}

  // The octets before the shared suffix, the suffix's size; then follow the addresses of each family with their number.
  void begin(NameView name) {
    const std::size_t shared = sharedSuffix(name, zone_);
    out_.push_back(static_cast<std::uint8_t>(name.size() - shared));
    append(name.wire().first(name.size() - shared));
    out_.push_back(static_cast<std::uint8_t>(shared));
    left_ = maxServerAddresses;
  }

  void beginFamily(std::uint8_t form) {
    countAt_ = out_.size();
    out_.push_back(form);
  }

  void add(ByteSpan address, std::uint16_t port) {
    if (left_ == 0 || !isNew(address, port)) return;
    append(address);
    if ((out_[countAt_] & withPorts) != 0) {
      out_.push_back(static_cast<std::uint8_t>(port >> 8));
      out_.push_back(static_cast<std::uint8_t>(port));
    }
    ++out_[countAt_];
    --left_;
  }

 private:
  struct Seen {
    ByteSpan address;
    std::uint16_t port;
  };

  void append(ByteSpan octets) { out_.insert(out_.end(), octets.begin(), octets.end()); }

  bool isNew(ByteSpan address, std::uint16_t port) {
    const auto same = [&](const Seen& other) {
      return other.port == port && std::ranges::equal(other.address, address);
    };
    if (std::any_of(seen_.begin(), seen_.begin() + seenCount_, same)) return false;
    seen_[static_cast<std::size_t>(seenCount_++)] = {address, port};
    return true;
  }

  NameView zone_;
  LocalBytes& out_;
  std::array<Seen, maxNameServers * maxServerAddresses> seen_;
  std::ptrdiff_t seenCount_ = 0;
  std::size_t left_ = 0;
  std::size_t countAt_ = 0;
};

void writeGlue(ServerWriter& writer, const Scrubbed& reply, NameView name, Type type, std::size_t size) {
  writer.beginFamily(0);
  for (const ScrubbedRRset& taken : reply.rrsets()) {
    const RRset& rrset = taken.rrset;
    if (taken.section != Section::additional || rrset.type != type || rrset.owner != name) continue;
    for (const ByteSpan address : rrset)
      if (address.size() == size) writer.add(address, dnsPort);
  }
}

std::uint16_t portOf(const Address& address) {
  return address.port() == 0 ? dnsPort : address.port();
}

void writeGlue(ServerWriter& writer, std::span<const Address> addresses, std::size_t size) {
  const auto hasPort = [](const Address& address) { return portOf(address) != dnsPort; };
  writer.beginFamily(std::ranges::any_of(addresses, hasPort) ? withPorts : std::uint8_t{0});
  for (const Address& address : addresses)
    if (address.bytes().size() == size) writer.add(address.bytes(), portOf(address));
}

template <std::size_t size>
const std::uint8_t* readAddresses(const std::uint8_t* at, Delegation::Server& server) {
  const std::uint8_t form = *at++;
  for (std::size_t left = form & ~withPorts; left > 0; --left) {
    std::array<std::uint8_t, size> octets;
    std::copy_n(at, size, octets.begin());
    at += size;
    std::uint16_t port = dnsPort;
    if ((form & withPorts) != 0) {
      port = loadU16(at);
      at += sizeof port;
    }
    Address& address = server.addresses[server.addressCount++];
    if constexpr (size == sizeV4)
      address = Address::v4(octets, port);
    else
      address = Address::v6(octets, port);
  }
  return at;
}

bool isPriming(const Scrubbed& reply) {
  return reply.kind() == Scrubbed::Kind::answer && reply.name().isRoot();
}

}  // namespace

LocalRef<Delegation> Delegation::make(const Scrubbed& reply, DelegationSecurity security, TimePoint now) {
  const bool isReferral = reply.kind() == Scrubbed::Kind::referral;
  if (!isReferral && !isPriming(reply)) return {};
  const ScrubbedRRset* const servers = reply.find(isReferral ? Section::authority : Section::answer, Type::NS);
  if (!servers) return {};
  const NameView zone = reply.name();
  std::uint32_t ttl = servers->rrset.ttl;
  LocalBytes octets(zone.wire().begin(), zone.wire().end());
  ServerWriter writer(zone, octets);
  std::size_t count = 0;
  for (const ByteSpan rdata : servers->rrset) {
    const auto name = NameView::fromWire(rdata);
    if (!name || count == maxNameServers) continue;
    writer.begin(*name);
    writeGlue(writer, reply, *name, Type::A, sizeV4);
    writeGlue(writer, reply, *name, Type::AAAA, sizeV6);
    ++count;
  }
  const ScrubbedRRset* const ds = isReferral ? reply.find(Section::authority, Type::DS) : nullptr;
  if (ds) {
    ttl = std::min(ttl, ds->rrset.ttl);
    for (const ByteSpan rdata : ds->rrset)
      octets.insert(octets.end(), rdata.data() - 2, rdata.data() + rdata.size());  // with its length
  }
  return make(zone, octets, count, ds ? ds->rrset.count : 0, security, now + std::chrono::seconds(ttl));
}

LocalRef<Delegation> Delegation::make(NameView zone, std::span<const Server> servers, DelegationSecurity security,
                                      TimePoint expiry) {
  servers = servers.first(std::min(servers.size(), maxNameServers));
  LocalBytes octets(zone.wire().begin(), zone.wire().end());
  ServerWriter writer(zone, octets);
  for (const Server& server : servers) {
    writer.begin(server.name);
    writeGlue(writer, server.glue(), sizeV4);
    writeGlue(writer, server.glue(), sizeV6);
  }
  return make(zone, octets, servers.size(), 0, security, expiry);
}

LocalRef<Delegation> Delegation::make(NameView zone, ByteSpan octets, std::size_t serverCount, std::size_t dsCount,
                                      DelegationSecurity security, TimePoint expiry) {
  LocalRef<Delegation> made(new (octets.size()) Delegation(security, expiry));
  made->zoneSize_ = static_cast<std::uint8_t>(zone.size());
  made->serverCount_ = static_cast<std::uint8_t>(serverCount);
  made->dsCount_ = static_cast<std::uint16_t>(dsCount);
  made->octetCount_ = static_cast<std::uint32_t>(octets.size());
  std::memcpy(made->octets(), octets.data(), octets.size());
  return made;
}

const std::uint8_t* Delegation::readServer(const std::uint8_t* at, Server& server) const {
  const std::size_t own = *at++;
  std::array<std::uint8_t, maxNameSize> name;
  copyOctets(name.data(), {at, own});
  at += own;
  const std::size_t shared = *at++;
  copyOctets(name.data() + own, zone().wire().last(shared));
  server.name = NameView::trusted(name.data(), own + shared);
  at = readAddresses<sizeV4>(at, server);
  return readAddresses<sizeV6>(at, server);
}

RRset Delegation::ds() const {
  const std::uint8_t* at = octets() + zoneSize_;
  for (std::size_t i = 0; i < serverCount_; ++i) {
    Server passed;
    at = readServer(at, passed);
  }
  RRset rrset;
  rrset.owner = zone();
  rrset.type = Type::DS;
  rrset.rdata = at;
  rrset.count = dsCount_;
  return rrset;
}

}  // namespace taut
