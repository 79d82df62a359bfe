// Builds a `Zone` from logged records: sort the owners, write the nodes, index them, link them.
//
// What a large zone costs is, for a good half, the memory that is touched for the first time. So nodes are written as
// soon as they are known, and the log of what was written is given back on the way.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "arena.hpp"
#include "diagnostic_list.hpp"
#include "record_log.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/type.hpp"
#include "taut/zone/zone.hpp"
#include "taut/zone/zone_builder.hpp"

namespace taut {

class ZoneAssembler {
 public:
  ZoneAssembler(detail::RecordLog& log, std::optional<Name> origin, Class rrClass, const ZoneChecks& checks,
                detail::DiagnosticList& diagnostics, unsigned threads);
  ~ZoneAssembler();

  // Null when the records make no zone, and the diagnostics say why; or when `goesOn` said no.
  std::shared_ptr<const Zone> assemble(const std::function<bool()>& goesOn);

 private:
  // A node while it is written. `runs` are indices of a run of `sorted_`.
  struct Plan {
    NameView owner;
    std::size_t firstRun = 0;
    std::size_t runCount = 0;
    std::uint32_t parent = 0;  // units
    std::uint16_t flags = 0;
  };

  // A record of the node that is being written.
  struct Member {
    std::uint32_t order;  // type << 1, for an RRSIG the covered type << 1 | 1
    std::uint32_t place;  // in the order of the file
    const detail::LoggedRecord* record;
    std::uint16_t file;
  };

  struct Sorted {
    std::uint64_t prefix;
    const std::uint8_t* key;
    std::uint32_t run;
    std::uint16_t keySize;
  };

  struct Ancestor {
    std::uint32_t units;
    std::size_t labelCount;
    const std::uint8_t* key;
    std::size_t keySize;
  };

  // An RRset with links to targets. Until they are known a link holds the line of its record, 0 where that came from
  // another file than the first one: checks that need the targets come when the log is gone.
  struct Linked {
    std::uint32_t units;
    std::uint16_t entry;
    std::uint16_t file;
  };

  enum class Part : std::uint8_t { ordinary, nsec3 };  // of an owner's records

  bool findOrigin();
  void sortOwners();
  bool reserve();
  void readNsec3Parameters();

  void writeAll();
  void writeOwner(std::size_t firstSorted, std::size_t count);
  void writeAncestors(NameView owner, const Sorted& place);
  void writeBelow(Plan plan, const std::uint8_t* key, std::size_t keySize);
  void gather(const Plan& plan, Part part);
  std::uint32_t writeNode(const Plan& plan, Part part);
  void writeSet(const Plan& plan, std::span<Member> members, detail::RRsetEntry& entry, const std::uint8_t* node);
  std::span<Member> sortSet(const Plan& plan, std::span<Member> members);

  void placeLists();
  void indexNodes();
  void linkTargets();
  void linkSet(ZoneNode node, const detail::RRsetEntry& entry, std::uint16_t file);
  void linkNsec3();
  void chooseNsec3Chain();

  // Checks; see zone_checks.cpp.
  void checkNode(const Plan& plan);
  void checkSet(const Plan& plan, std::span<const Member> members);
  void checkTarget(ZoneNode node, Type type, ByteSpan rdata, NameView target, const ZoneLookup& found,
                   const RecordPlace& place);
  void checkNsec3();
  void checkZonemd();

  void report(Diagnostic::Severity severity, std::string message, const RecordPlace& place);
  void error(std::string message) { error(std::move(message), RecordPlace{log_.firstFile(), 0}); }
  void error(std::string message, const Member& member) { error(std::move(message), placeOf(member)); }
  void error(std::string message, const RecordPlace& place) {
    report(Diagnostic::Severity::error, std::move(message), place);
  }
  void warning(std::string message) { warning(std::move(message), RecordPlace{log_.firstFile(), 0}); }
  void warning(std::string message, const Member& member) { warning(std::move(message), placeOf(member)); }
  void warning(std::string message, const RecordPlace& place) {
    report(Diagnostic::Severity::warning, std::move(message), place);
  }
  RecordPlace placeOf(const Member& member) const { return {log_.file(member.file), member.record->line}; }

  detail::NodeHeader* headerAt(std::uint32_t units) const {
    return reinterpret_cast<detail::NodeHeader*>(nodes_ + std::size_t{units} * detail::nodeUnit);
  }

  detail::RecordLog& log_;
  std::optional<Name> origin_;
  Class rrClass_;
  const ZoneChecks& checks_;
  detail::DiagnosticList& diagnostics_;
  unsigned threads_;

  detail::Arena keys_;
  std::vector<Sorted, detail::BlockAllocator<Sorted>> sorted_;
  std::vector<Ancestor> ancestors_;  // from the apex down to the last node
  std::vector<Member> members_;
  std::optional<Nsec3Parameters> nsec3Parameters_;
  std::vector<std::uint8_t> nsec3Salt_;

  std::shared_ptr<Zone> zone_;
  detail::Block block_;  // the nodes, and behind them the lists
  std::uint8_t* nodes_ = nullptr;
  std::size_t written_ = 0;     // octets of nodes
  std::size_t listsBound_ = 0;  // octets that the lists take at most
  template <class T>
  using List = std::vector<T, detail::BlockAllocator<T>>;
  List<std::uint32_t> order_;        // nodes, in canonical order
  List<std::uint32_t> nsec3Owners_;  // nodes of NSEC3 records, in canonical order
  List<Linked> linked_;
  std::size_t nsecCount_ = 0;
  std::uint32_t* nsec3Chain_ = nullptr;
  std::uint32_t* nsec3Prefixes_ = nullptr;
  std::uint32_t* nsecChain_ = nullptr;
};

}  // namespace taut
