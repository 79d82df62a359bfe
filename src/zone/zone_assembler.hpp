// Builds a `Zone` from logged records: sort the owners, plan the nodes, write them, index them, link them.
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
  // A node before it is written. `runs` are indices of a run of `sorted_`.
  struct Plan {
    const std::uint8_t* owner;
    std::uint32_t firstRun;
    std::uint32_t runCount;
    std::uint32_t parent;
    std::uint16_t flags;
    std::uint8_t ownerSize;
    std::uint8_t labelCount;

    NameView name() const { return NameView::trusted(owner, ownerSize); }
  };

  // A record of the node that is being written.
  struct Member {
    std::uint32_t order;  // type << 1, for an RRSIG the covered type << 1 | 1
    std::uint32_t place;  // in the order of the file
    const detail::LoggedRecord* record;
  };

  struct Sorted {
    std::uint64_t prefix;
    const std::uint8_t* key;
    std::uint32_t run;
    std::uint16_t keySize;
  };

  struct Ancestor {
    std::uint32_t plan;
    const std::uint8_t* key;
    std::size_t keySize;
  };

  enum class Part : std::uint8_t { ordinary, nsec3 };  // of an owner's records

  bool findOrigin();
  void sortOwners();
  bool planNodes();
  void planOwner(std::size_t firstSorted, std::size_t count);
  void planAncestors(NameView owner, const Sorted& place);
  void addPlan(NameView owner, const std::uint8_t* key, std::size_t keySize, std::uint16_t flags);
  void readNsec3Parameters();
  void allocate();

  void writeAll();
  void gather(const Plan& plan, Part part);
  std::uint32_t writeNode(const Plan& plan, Part part, std::uint32_t parentUnits);
  bool writeSet(const Plan& plan, std::span<Member> members, detail::RRsetEntry& entry, const std::uint8_t* node);
  std::span<Member> sortSet(const Plan& plan, std::span<Member> members);

  void indexNodes();
  void linkTargets();
  void linkSet(ZoneNode node, const detail::RRsetEntry& entry);
  void linkNsec3();
  void chooseNsec3Chain();

  // Checks; see zone_checks.cpp.
  void checkNode(const Plan& plan);
  void checkSet(const Plan& plan, std::span<const Member> members);
  void checkTarget(ZoneNode node, Type type, ByteSpan rdata, NameView target, const ZoneLookup& found);
  void checkNsec3();
  void checkZonemd();

  void report(Diagnostic::Severity severity, std::string message, const detail::LoggedRecord* record = nullptr);
  void error(std::string message, const detail::LoggedRecord* record = nullptr) {
    report(Diagnostic::Severity::error, std::move(message), record);
  }
  void warning(std::string message, const detail::LoggedRecord* record = nullptr) {
    report(Diagnostic::Severity::warning, std::move(message), record);
  }
  const detail::LoggedRecord* findRecord(NameView owner, Type type, ByteSpan rdata);

  std::uint8_t* at(std::uint32_t units) const { return nodes_ + std::size_t{units} * detail::nodeUnit; }

  detail::RecordLog& log_;
  std::optional<Name> origin_;
  Class rrClass_;
  const ZoneChecks& checks_;
  detail::DiagnosticList& diagnostics_;
  unsigned threads_;

  detail::Arena keys_;
  std::vector<Sorted, detail::BlockAllocator<Sorted>> sorted_;
  std::vector<Plan, detail::BlockAllocator<Plan>> plans_;       // in canonical order, the apex first
  std::vector<Plan, detail::BlockAllocator<Plan>> nsec3Plans_;  // owners of NSEC3 records, in canonical order
  std::vector<Ancestor> ancestors_;                             // from the apex down to the last plan
  std::vector<Member> members_;
  std::size_t nsecCount_ = 0;
  bool hasNsec3Chain_ = false;
  std::optional<Nsec3Parameters> nsec3Parameters_;

  std::shared_ptr<Zone> zone_;
  detail::Block block_;
  std::uint8_t* nodes_ = nullptr;
  std::size_t written_ = 0;  // octets of nodes
  std::size_t capacity_ = 0;
  std::uint32_t* order_ = nullptr;
  std::uint32_t* nsec3Owners_ = nullptr;
  std::uint32_t* nsec3Chain_ = nullptr;
  std::uint32_t* nsec3Prefixes_ = nullptr;
  std::uint32_t* nsecChain_ = nullptr;
  std::vector<std::uint32_t, detail::BlockAllocator<std::uint32_t>> linked_;  // nodes that have links to targets
};

}  // namespace taut
