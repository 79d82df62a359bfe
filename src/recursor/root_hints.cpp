#include "taut/recursor/root_hints.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "operator_records.hpp"
#include "taut/base/address.hpp"
#include "taut/base/input_file.hpp"
#include "taut/base/log.hpp"
#include "taut/dns/address_octets.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/type.hpp"
#include "taut/zone/master_file.hpp"

namespace taut {

namespace {

struct RootServer {
  char letter;
  std::string_view v4;
  std::string_view v6;
};

// https://www.internic.net/domain/named.root
constexpr std::array<RootServer, 13> rootServers{{
    {'a', "198.41.0.4", "2001:503:ba3e::2:30"},
    {'b', "170.247.170.2", "2801:1b8:10::b"},
    {'c', "192.33.4.12", "2001:500:2::c"},
    {'d', "199.7.91.13", "2001:500:2d::d"},
    {'e', "192.203.230.10", "2001:500:a8::e"},
    {'f', "192.5.5.241", "2001:500:2f::f"},
    {'g', "192.112.36.4", "2001:500:12::d0d"},
    {'h', "198.97.190.53", "2001:500:1::53"},
    {'i', "192.36.148.17", "2001:7fe::53"},
    {'j', "192.58.128.30", "2001:503:c27::2:30"},
    {'k', "193.0.14.129", "2001:7fd::1"},
    {'l', "199.7.83.42", "2001:500:9f::42"},
    {'m', "202.12.27.33", "2001:dc3::35"},
}};

// The parser has seen to the number of octets.
Address addressOf(const MasterRecord& record) {
  return addressOfOctets(record.rdata)->withPort(dnsPort);
}

// Gathers the records of a file, whose addresses may stand before the NS records that they belong to.
class Gatherer {
 public:
  explicit Gatherer(const std::string& name)
      : records_(name, [this](const MasterRecord& record) { return take(record); }) {}

  MasterFileHandler& handler() { return records_; }

  std::vector<Diagnostic> finish(RootHints& hints) {
    if (!records_.hasErrors()) assign();
    if (!records_.hasErrors()) hints.servers = std::move(servers_);
    return records_.takeMessages();
  }

 private:
  struct Found {
    Name owner;
    Address address;
    std::uint32_t line;
  };

  std::optional<std::string> take(const MasterRecord& record) {
    switch (record.type) {
      case Type::NS:
        return takeServer(record);
      case Type::A:
      case Type::AAAA:
        if (addresses_.size() == maxNameServers * maxServerAddresses)
          return fmt::format("more than {} addresses of root servers", addresses_.size());
        addresses_.push_back({record.owner, addressOf(record), record.line});
        return std::nullopt;
      default:
        return fmt::format("{} is no hint, expected NS, A or AAAA", toString(record.type));
    }
  }

  std::optional<std::string> takeServer(const MasterRecord& record) {
    if (!record.owner.isRoot()) return fmt::format("NS of {}, expected those of the root, '.'", record.owner);
    const std::optional<NameView> name = NameView::fromWire(record.rdata);
    if (!name || find(*name)) return std::nullopt;
    if (servers_.size() == maxNameServers) return fmt::format("more than {} root servers", maxNameServers);
    servers_.emplace_back().name = *name;
    return std::nullopt;
  }

  Delegation::Server* find(NameView name) {
    const auto found = std::ranges::find_if(servers_, [&](const auto& server) { return server.name == name; });
    return found == servers_.end() ? nullptr : std::to_address(found);
  }

  void assign() {
    for (const Found& found : addresses_) {
      Delegation::Server* const server = find(found.owner);
      if (!server) {
        records_.fail(
            found.line,
            fmt::format("an address of {0}, which is no root server here, expected '. NS {0}' too", found.owner));
        continue;
      }
      const auto glue = server->glue();
      if (std::ranges::find(glue, found.address) != glue.end()) continue;
      if (server->addressCount == maxServerAddresses)
        records_.fail(found.line, fmt::format("more than {} addresses of {}", maxServerAddresses, found.owner));
      else
        server->addresses[server->addressCount++] = found.address;
    }
    if (addresses_.empty())
      records_.fail(0, "no root server with an address, expected '. NS NAME' and 'NAME A ADDRESS'");
  }

  detail::OperatorRecords records_;
  std::vector<Delegation::Server> servers_;
  std::vector<Found> addresses_;
};

}  // namespace

RootHints RootHints::builtIn() {
  RootHints hints;
  for (const RootServer& root : rootServers) {
    Delegation::Server& server = hints.servers.emplace_back();
    server.name = Name(fmt::format("{}.root-servers.net.", root.letter));
    for (const std::string_view text : {root.v4, root.v6})
      server.addresses[server.addressCount++] = *Address::parse(text, dnsPort);
  }
  return hints;
}

std::vector<Diagnostic> readRootHints(const std::string& path, RootHints& hints) {
  Gatherer gatherer(path);
  scanMasterFile(path, detail::OperatorRecords::options(), gatherer.handler());
  return gatherer.finish(hints);
}

std::vector<Diagnostic> parseRootHints(std::string_view text, const std::string& name, RootHints& hints) {
  Gatherer gatherer(name);
  scanMasterText(text, name, detail::OperatorRecords::options(), gatherer.handler());
  return gatherer.finish(hints);
}

RootHints defaultRootHints(const std::string& path) {
  RootHints hints = RootHints::builtIn();
  if (fileVersion(path) == FileVersion()) return hints;
  for (const Diagnostic& message : readRootHints(path, hints))
    if (message.isError()) {
      log::warning("{}; the built-in root servers are asked", message.toString());
      break;
    }
  return hints;
}

}  // namespace taut
