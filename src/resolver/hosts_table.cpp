#include "taut/resolver/hosts_table.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <span>
#include <string>
#include <utility>

#include "taut/base/address.hpp"
#include "taut/base/bytes.hpp"
#include "taut/base/text.hpp"
#include "taut/dns/address_name.hpp"

namespace taut {

namespace {

constexpr std::size_t maxAddressText = 45;  // characters

struct HostAddress {
  std::array<std::uint8_t, 16> octets{};
  std::uint8_t size = 0;  // 4 or 16

  ByteSpan bytes() const { return ByteSpan(octets).first(size); }
  Address value() const {
    return size == 4 ? Address::v4({octets[0], octets[1], octets[2], octets[3]}) : Address::v6(octets);
  }
};

std::optional<HostAddress> parseAddress(std::string_view word) {
  const bool bracketed = word.starts_with('[') && word.ends_with(']');
  if (bracketed) word = word.substr(1, word.size() - 2);
  if (word.empty() || word.size() > maxAddressText) return std::nullopt;
  std::array<char, maxAddressText + 1> text{};
  std::copy(word.begin(), word.end(), text.begin());
  HostAddress address;
  if (!bracketed && ::inet_pton(AF_INET, text.data(), address.octets.data()) == 1)
    address.size = 4;
  else if (::inet_pton(AF_INET6, text.data(), address.octets.data()) == 1)
    address.size = 16;
  else
    return std::nullopt;
  return address;
}

// Host names in other scripts are in the DNS as A-labels (RFC 5890): no query can ask for a name that is not ASCII.
std::optional<Name> parseHostName(std::string_view word) {
  const bool ascii = std::all_of(word.begin(), word.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (!ascii) return std::nullopt;
  const auto name = Name::parse(word);
  if (!name || name->isRoot()) return std::nullopt;
  return name;
}

}  // namespace

// Names are stored in their order in the file. The addresses of one name may be lines apart, so they are linked in
// lists first, and copied together at the end.
class HostsTable::Builder {
 public:
  Builder() : table_(new HostsTable) { table_->index_.assign(64, none); }

  void addLine(std::string_view line, std::size_t number) {
    const std::string_view word = takeWord(line);
    if (word.empty() || word.find('%') != word.npos) return;
    const auto address = parseAddress(word);
    if (!address || !addNames(line, *address)) table_->ignoredLines_.add(number);
  }

  std::shared_ptr<const HostsTable> finish(std::chrono::seconds ttl) {
    table_->ttl_ = static_cast<std::uint32_t>(std::clamp<std::chrono::seconds::rep>(ttl.count(), 0, maxTtl));
    for (std::size_t i = 0; i < pending_.size(); ++i) {
      Stored& host = table_->hosts_[i];
      host.a = writeAddresses(pending_[i].first[0]);
      host.aaaa = writeAddresses(pending_[i].first[1]);
      if (host.ptrCount > 0) host.ptr = writePointer(pending_[i].pointer);
    }
    return std::move(table_);
  }

 private:
  // False where there is none, or one that cannot be a name.
  bool addNames(std::string_view words, const HostAddress& address) {
    bool first = true;
    bool understood = true;
    for (std::string_view word = takeWord(words); !word.empty(); word = takeWord(words)) {
      const auto name = parseHostName(word);
      if (!name) {
        understood = false;
        continue;
      }
      const std::uint32_t host = intern(*name);
      if (first) addPointer(reverseName(address.value()), host);
      first = false;
      addAddress(host, address);
    }
    return understood && !first;
  }

  struct Link {
    HostAddress address;
    std::uint32_t next = none;
  };
  // Of one host: the ends of its two lists in `links_`, IPv4 and IPv6, and the host that PTR names.
  struct Pending {
    std::array<std::uint32_t, 2> first{none, none};
    std::array<std::uint32_t, 2> last{none, none};
    std::uint32_t pointer = none;
  };

  std::uint32_t intern(NameView name) {
    std::size_t slot = table_->slotOf(name);
    if (table_->index_[slot] != none) return table_->index_[slot];
    if (2 * (table_->hosts_.size() + 1) > table_->index_.size()) {
      grow();
      slot = table_->slotOf(name);
    }
    Stored host;
    host.name = append(name.wire());
    host.nameSize = static_cast<std::uint8_t>(name.size());
    const auto position = static_cast<std::uint32_t>(table_->hosts_.size());
    table_->hosts_.push_back(host);
    table_->index_[slot] = position;
    pending_.emplace_back();
    return position;
  }

  void grow() {
    table_->index_.assign(2 * table_->index_.size(), none);
    for (std::uint32_t i = 0; i < table_->hosts_.size(); ++i)
      table_->index_[table_->slotOf(table_->nameOf(table_->hosts_[i]))] = i;
  }

  void addPointer(NameView reverse, std::uint32_t host) {
    const std::uint32_t position = intern(reverse);
    if (table_->hosts_[position].ptrCount > 0) return;
    table_->hosts_[position].ptrCount = 1;
    pending_[position].pointer = host;
  }

  void addAddress(std::uint32_t position, const HostAddress& address) {
    Stored& host = table_->hosts_[position];
    Pending& pending = pending_[position];
    const std::size_t family = address.size == 4 ? 0 : 1;
    std::uint16_t& count = family == 0 ? host.aCount : host.aaaaCount;
    if (count == maxAddresses) return;
    for (std::uint32_t i = pending.first[family]; i != none; i = links_[i].next)
      if (links_[i].address.octets == address.octets) return;
    const auto added = static_cast<std::uint32_t>(links_.size());
    links_.push_back({address, none});
    if (pending.first[family] == none)
      pending.first[family] = added;
    else
      links_[pending.last[family]].next = added;
    pending.last[family] = added;
    ++count;
  }

  std::uint32_t append(ByteSpan octets) {
    const auto at = static_cast<std::uint32_t>(table_->octets_.size());
    table_->octets_.insert(table_->octets_.end(), octets.begin(), octets.end());
    return at;
  }

  std::uint32_t appendRdata(ByteSpan rdata) {
    std::array<std::uint8_t, 2> length;
    storeU16(length.data(), static_cast<std::uint16_t>(rdata.size()));
    const std::uint32_t at = append(length);
    append(rdata);
    return at;
  }

  std::uint32_t writeAddresses(std::uint32_t first) {
    const auto at = static_cast<std::uint32_t>(table_->octets_.size());
    for (std::uint32_t i = first; i != none; i = links_[i].next) appendRdata(links_[i].address.bytes());
    return at;
  }

  std::uint32_t writePointer(std::uint32_t host) {
    const Name target = table_->nameOf(table_->hosts_[host]);  // a copy: the octets it is in may move
    return appendRdata(target.wire());
  }

  std::shared_ptr<HostsTable> table_;
  std::vector<Pending> pending_;
  std::vector<Link> links_;
};

std::shared_ptr<const HostsTable> HostsTable::parse(std::string_view text, std::chrono::seconds ttl) {
  Builder builder;
  text = withoutByteOrderMark(text);
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = takeLine(text);
    builder.addLine(line.substr(0, line.find('#')), number);
  }
  return builder.finish(ttl);
}

std::size_t HostsTable::slotOf(NameView name) const {
  const std::size_t mask = index_.size() - 1;
  std::size_t slot = detail::secretHash(secret_, name, 0) & mask;
  while (index_[slot] != none && nameOf(hosts_[index_[slot]]) != name) slot = (slot + 1) & mask;
  return slot;
}

RRset HostsTable::rrset(const Stored& host, Type type, std::uint32_t rdata, std::size_t count) const {
  RRset rrset;
  rrset.owner = nameOf(host);
  rrset.rdata = octets_.data() + rdata;
  rrset.ttl = ttl_;
  rrset.type = type;
  rrset.count = static_cast<std::uint16_t>(count);
  return rrset;
}

std::optional<HostsTable::Host> HostsTable::find(NameView name) const {
  const std::uint32_t position = index_[slotOf(name)];
  if (position == none) return std::nullopt;
  const Stored& host = hosts_[position];
  return Host{rrset(host, Type::A, host.a, host.aCount), rrset(host, Type::AAAA, host.aaaa, host.aaaaCount),
              rrset(host, Type::PTR, host.ptr, host.ptrCount)};
}

}  // namespace taut
