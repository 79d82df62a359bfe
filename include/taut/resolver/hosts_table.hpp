// The data of a hosts(5) file, indexed: the addresses of each name, and the name of each address. Immutable, so that
// any thread may use it, in a few flat arrays; answers borrow from it.
//
// A line is an address and its names, `#` begins a comment. A name may be on several lines and has all their
// addresses, in the file's order. An address has one name for PTR: the first of the first line that has the address, as
// getnameinfo(3) would find it. IPv6 addresses may stand in brackets. Lines without a valid address or name are skipped
// and told; so are, without a word, addresses with a scope, which no record can hold.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "taut/dns/name.hpp"
#include "taut/dns/rrset.hpp"
#include "taut/resolver/ignored_lines.hpp"
#include "taut/resolver/name_hash.hpp"

namespace taut {

class HostsTable {
 public:
  // For one name and family. Further addresses are left out: so many would fit no reply.
  static constexpr std::size_t maxAddresses = 256;

  // The RRsets of one name; one without records has a count of 0.
  struct Host {
    RRset a;
    RRset aaaa;
    RRset ptr;
  };

  static std::shared_ptr<const HostsTable> parse(std::string_view text, std::chrono::seconds ttl);

  // Nothing for a name that the file does not have. The reverse names of the file's addresses are among its names.
  std::optional<Host> find(NameView name) const;
  std::size_t size() const { return hosts_.size(); }  // names, reverse names included
  const IgnoredLines& ignoredLines() const { return ignoredLines_; }

 private:
  class Builder;
  HostsTable() = default;

  // The offsets in `octets_` of one host's name and RDATA.
  struct Stored {
    std::uint32_t name = 0;
    std::uint32_t a = 0;
    std::uint32_t aaaa = 0;
    std::uint32_t ptr = 0;
    std::uint16_t aCount = 0;
    std::uint16_t aaaaCount = 0;
    std::uint8_t ptrCount = 0;
    std::uint8_t nameSize = 0;
  };
  static constexpr std::uint32_t none = 0xffffffff;

  NameView nameOf(const Stored& host) const { return NameView::trusted(octets_.data() + host.name, host.nameSize); }
  // The slot in `index_` that has the name, or the free one where it belongs.
  std::size_t slotOf(NameView name) const;
  RRset rrset(const Stored& host, Type type, std::uint32_t rdata, std::size_t count) const;

  IgnoredLines ignoredLines_;
  detail::HashSecret secret_;
  std::uint32_t ttl_ = 0;
  std::vector<std::uint8_t> octets_;
  std::vector<Stored> hosts_;
  std::vector<std::uint32_t> index_;  // open addressing: positions in `hosts_`, or `none`
};

}  // namespace taut
