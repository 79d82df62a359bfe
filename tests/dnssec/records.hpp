// RRsets for tests, from the text of a master file.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "taut/dns/name.hpp"
#include "taut/dns/rrset.hpp"
#include "taut/zone/master_file.hpp"

namespace taut::test {

// Records of any owners and types, which need not make a zone. The RRsets live as long as this.
class Records {
 public:
  Records() = default;
  explicit Records(std::string_view text) {
    Collector collector(*this);
    const bool isRead = scanMasterText(text, "records", {}, collector);
    INFO(collector.message);
    REQUIRE(isRead);
  }

  void add(NameView owner, Type type, std::uint32_t ttl, ByteSpan rdata) {
    Set& set = setAt(owner, type);
    set.ttl = ttl;
    ++set.count;
    set.octets.push_back(static_cast<std::uint8_t>(rdata.size() >> 8));
    set.octets.push_back(static_cast<std::uint8_t>(rdata.size()));
    set.octets.insert(set.octets.end(), rdata.begin(), rdata.end());
  }

  // Without records where there are none.
  RRset rrset(NameView owner, Type type) const {
    for (const Set& set : sets_)
      if (set.owner == owner && set.type == type) return asRRset(set);
    return {};
  }
  RRset rrset(const char* owner, Type type) const {
    const RRset found = rrset(Name(owner), type);
    REQUIRE(found.count > 0);
    return found;
  }

  std::vector<RRset> rrsets() const {
    std::vector<RRset> all;
    for (const Set& set : sets_) all.push_back(asRRset(set));
    return all;
  }

 private:
  struct Set {
    Name owner;
    Type type{};
    std::uint32_t ttl = 0;
    std::uint16_t count = 0;
    std::vector<std::uint8_t> octets;
  };

  struct Collector final : MasterFileHandler {
    explicit Collector(Records& into) : records(into) {}
    bool onRecord(const MasterRecord& record) override {
      records.add(record.owner, record.type, record.ttl, record.rdata);
      return true;
    }
    bool onDiagnostic(Diagnostic diagnostic) override {
      message = diagnostic.toString();
      return true;
    }
    Records& records;
    std::string message;
  };

  static RRset asRRset(const Set& set) {
    RRset made;
    made.owner = set.owner;
    made.rdata = set.octets.data();
    made.ttl = set.ttl;
    made.type = set.type;
    made.count = set.count;
    return made;
  }

  Set& setAt(NameView owner, Type type) {
    for (Set& set : sets_)
      if (set.owner == owner && set.type == type) return set;
    sets_.push_back({Name(owner), type, 0, 0, {}});
    return sets_.back();
  }

  std::deque<Set> sets_;  // RRsets borrow from them
};

}  // namespace taut::test
