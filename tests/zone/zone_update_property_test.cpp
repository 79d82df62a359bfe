// Versions that are made one from the other are like zones that are built from the same records, look-up by look-up.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "support/temporary_folder.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/nsec3.hpp"
#include "taut/dns/question.hpp"
#include "taut/zone/transfer_writer.hpp"
#include "taut/zone/zone_builder.hpp"
#include "taut/zone/zone_settling.hpp"
#include "taut/zone/zone_snapshot.hpp"
#include "taut/zone/zone_update.hpp"
#include "taut/zone/zone_writer.hpp"
#include "taut/zone/zonemd.hpp"

namespace zone_update_property_test {

using namespace taut;

namespace {

using Octets = std::vector<std::uint8_t>;

const Name origin("example.");

// What a zone is to have: RRset by RRset, the RRSIGs by what they cover.
struct SetKey {
  Name owner;
  Type type{};
  std::uint16_t covered = 0;

  friend bool operator<(const SetKey& a, const SetKey& b) {
    const auto order = a.owner <=> b.owner;
    return order != 0 ? order < 0 : std::tie(a.type, a.covered) < std::tie(b.type, b.covered);
  }
};

struct Records {
  std::uint32_t ttl = 300;
  std::set<Octets> rdata;
};

using Model = std::map<SetKey, Records>;

SetKey keyOf(const Name& owner, Type type, const Octets& rdata) {
  return {owner, type, type == Type::RRSIG ? loadU16(rdata.data()) : std::uint16_t{0}};
}

void append(Octets& octets, ByteSpan more) {
  octets.insert(octets.end(), more.begin(), more.end());
}

Octets soa(std::uint32_t serial) {
  Octets octets;
  append(octets, Name("ns.example.").wire());
  append(octets, Name("h.example.").wire());
  octets.resize(octets.size() + 20);
  storeU32(octets.data() + octets.size() - 20, serial);
  storeU32(octets.data() + octets.size() - 4, 60);
  return octets;
}

ZoneChecks checks() {
  ZoneChecks checks;
  checks.requireNsAddresses = false;
  return checks;
}

ZoneBuild buildOf(const Model& model) {
  ZoneBuilder builder(origin);
  for (const auto& [key, records] : model)
    for (const Octets& rdata : records.rdata) builder.add(key.owner, key.type, records.ttl, rdata);
  return builder.build(checks());
}

ZoneDifference differenceOf(const Model& from, const Model& to) {
  const auto others = [](const Model& model, const Model& other) {
    RecordList list;
    const auto add = [&](const SetKey& key, const Records& records) {
      const auto found = other.find(key);
      for (const Octets& rdata : records.rdata)
        if (found == other.end() || found->second.ttl != records.ttl || !found->second.rdata.contains(rdata))
          list.add({key.owner, key.type, records.ttl, rdata});
    };
    const SetKey first{origin, Type::SOA};
    if (const auto found = model.find(first); found != model.end()) add(first, found->second);
    for (const auto& [key, records] : model)
      if (key.type != Type::SOA || key.owner != origin) add(key, records);
    return list;
  };
  return {others(from, to), others(to, from)};
}

// Makes random changes, in which names meet often.
class Changes {
 public:
  enum class Denial : std::uint8_t { none, nsec, nsec3 };

  Changes(unsigned seed, Denial denial) : random_(seed), denial_(denial) {
    if (denial == Denial::nsec3) salt_ = {0xab};
  }

  Model first(int steps) {
    Model model;
    put(model, origin, Type::SOA, soa(serial_));
    put(model, origin, Type::NS, target());
    if (denial_ == Denial::nsec3) put(model, origin, Type::NSEC3PARAM, param());
    // Enough of both chains, so that neither is empty.
    for (int i = 0; i < 4; ++i) denialAt(model, name());
    for (int i = 0; i < steps; ++i) step(model);
    return model;
  }

  Model next(const Model& before) {
    Model model = before;
    put(model, origin, Type::SOA, soa(++serial_));
    for (std::size_t left = 1 + below(6); left > 0; --left) step(model);
    if (denial_ == Denial::nsec3 && below(100) == 0) changeParameters(model);
    return model;
  }

  std::size_t below(std::size_t limit) { return random_() % limit; }

  Name name() {
    static constexpr std::array labels{"a", "b", "c", "*", "d", "e"};
    Name name = origin;
    for (std::size_t depth = 1 + below(4); depth > 0; --depth) name = *Name::join(labels[below(labels.size())], name);
    return name;
  }

  Nsec3Hash hash(NameView name) const { return nsec3Hash(name, {1, 1, salt_}); }

 private:
  static void put(Model& model, const Name& owner, Type type, Octets rdata) {
    Records& records = model[keyOf(owner, type, rdata)];
    if (type == Type::SOA || type == Type::NSEC3PARAM) records.rdata.clear();
    records.rdata.insert(std::move(rdata));
  }

  Octets target() {
    Octets octets;
    append(octets, (below(4) == 0 ? Name("ns.elsewhere.") : name()).wire());
    return octets;
  }

  Octets param() const {
    Octets octets{1, 0, 0, 1, static_cast<std::uint8_t>(salt_.size())};
    append(octets, salt_);
    return octets;
  }

  Octets signatureOf(Type covered) {
    Octets octets(18);
    storeU16(octets.data(), static_cast<std::uint16_t>(covered));
    octets[3] = 4;  // labels, at least as many as the signer has
    append(octets, origin.wire());
    octets.push_back(static_cast<std::uint8_t>(below(2)));
    return octets;
  }

  Name nsec3Owner(NameView name) const {
    const auto label = nsec3Label(hash(name));
    return *Name::join({label.data(), label.size()}, origin);
  }

  void denialAt(Model& model, const Name& owner) {
    if (denial_ == Denial::nsec) {
      Octets rdata;
      append(rdata, name().wire());
      append(rdata, Octets{0, 1, 0x40});
      return put(model, owner, Type::NSEC, std::move(rdata));
    }
    Octets rdata = param();
    rdata[1] = static_cast<std::uint8_t>(below(2));  // opt-out
    rdata.push_back(20);
    rdata.resize(rdata.size() + 20, static_cast<std::uint8_t>(below(256)));
    const Name at = nsec3Owner(owner);
    put(model, at, Type::NSEC3, std::move(rdata));
    if (below(2) == 0) put(model, at, Type::RRSIG, signatureOf(Type::NSEC3));
  }

  // Another chain, all at once, as a signer makes it.
  void changeParameters(Model& model) {
    std::erase_if(model, [](const auto& entry) {
      return entry.first.type == Type::NSEC3 || entry.first.covered == static_cast<std::uint16_t>(Type::NSEC3);
    });
    salt_.push_back(static_cast<std::uint8_t>(below(256)));
    put(model, origin, Type::NSEC3PARAM, param());
    for (int i = 0; i < 20; ++i) denialAt(model, name());
  }

  void step(Model& model) {
    const std::size_t kind = below(100);
    if (kind < 35) return remove(model);
    if (kind < 50 && denial_ != Denial::none) return denialAt(model, name());
    add(model, kind == 99 ? origin : name());
  }

  void remove(Model& model) {
    if (model.empty()) return;
    auto at = model.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(below(model.size())));
    const Name owner = at->first.owner;
    if (at->first.type == Type::SOA && owner == origin) return;
    switch (below(4)) {
      case 0:  // all at the name
        std::erase_if(model, [&](const auto& entry) { return owner != origin && entry.first.owner == owner; });
        return;
      case 1:  // all below
        if (below(4) == 0)
          std::erase_if(model, [&](const auto& entry) { return owner != origin && entry.first.owner.isWithin(owner); });
        return;
      case 2:  // one record
        at->second.rdata.erase(at->second.rdata.begin());
        if (!at->second.rdata.empty()) return;
        [[fallthrough]];
      default:
        model.erase(at);
    }
  }

  void add(Model& model, const Name& owner) {
    Octets rdata;
    Type type = Type::A;
    switch (below(15)) {
      case 0:
      case 9:
        type = Type::NS;
        rdata = target();
        break;
      case 1:
        type = Type::DNAME;
        rdata = target();
        break;
      case 2:
        if (below(3) != 0) return;
        type = Type::CNAME;
        rdata = target();
        break;
      case 3:
      case 4:
        type = Type::MX;
        rdata = {0, static_cast<std::uint8_t>(below(2))};
        append(rdata, target());
        break;
      case 5:
        type = Type::SVCB;
        rdata = {0, 1};
        append(rdata, below(2) == 0 ? Octets{0} : target());
        break;
      case 6:
        type = Type::TXT;
        rdata = {1, static_cast<std::uint8_t>('a' + below(3))};
        break;
      case 7:
        type = Type::DS;
        rdata = {0, 1, 8, 200, static_cast<std::uint8_t>(below(2))};
        break;
      case 8:
        if (denial_ == Denial::none) return;
        type = Type::RRSIG;
        rdata = signatureOf(below(2) == 0 ? Type::A : Type::NS);
        break;
      default:
        rdata = {192, 0, 2, static_cast<std::uint8_t>(below(4))};
    }
    const bool changesTtl = below(8) == 0;
    Records& records = model[keyOf(owner, type, rdata)];
    records.rdata.insert(std::move(rdata));
    if (changesTtl) records.ttl = 100 + static_cast<std::uint32_t>(below(3));
  }

  std::mt19937 random_;
  Denial denial_;
  Octets salt_;
  std::uint32_t serial_ = 1;
};

// What a zone says, as octets: there is so much of it that text would take most of the time.
class Answers {
 public:
  Answers& operator<<(ByteSpan octets) {
    octets_.append(reinterpret_cast<const char*>(octets.data()), octets.size());
    return *this;
  }
  template <typename Number>
  requires(std::is_arithmetic_v<Number> || std::is_enum_v<Number>) Answers& operator<<(Number number) {
    octets_.append(reinterpret_cast<const char*>(&number), sizeof number);
    return *this;
  }
  // The owner, whatever letters it is written in.
  Answers& operator<<(ZoneNode node) {
    if (!node) return *this << '-';
    return *this << Name(node.owner()).toLower().wire();
  }
  Answers& operator<<(const Nsec3Match& match) { return *this << match.node << match.exact; }

  bool operator==(const Answers&) const = default;

  // For what doctest says where two are not the same.
  friend std::ostream& operator<<(std::ostream& stream, const Answers& answers) {
    for (const char octet : answers.octets_) {
      if (octet >= ' ' && octet <= '~')
        stream << octet;
      else
        stream << fmt::format("\\{:03}", static_cast<std::uint8_t>(octet));
    }
    return stream;
  }

 private:
  std::string octets_;
};

// All that can be asked of a node.
void askNode(Answers& answers, const Zone& zone, ZoneNode node) {
  answers << node << zone.parent(node) << node.isApex() << node.isCut() << node.isOccluded() << node.hasDname()
          << node.hasCname() << node.hasWildcardChild() << node.labelCount();
  for (const RRset set : node) {
    answers << set.type << set.ttl << set.count;
    const ZoneRRset whole = set.type == Type::RRSIG ? ZoneRRset() : node.rrset(set.type);
    if (set.type != Type::RRSIG) answers << whole.rrsig.count;
    std::size_t record = 0;
    for (const ByteSpan rdata : set) {
      answers << rdata.size() << rdata;
      if (whole.hasTargets()) answers << zone.target(whole, record, rdata);
      ++record;
    }
  }
}

// All that can be asked about a name.
Answers answersAbout(const Zone& zone, const Name& name, const Nsec3Hash& hash) {
  const ZoneLookup found = zone.find(name);
  Answers answers;
  answers << name.wire() << found.node << found.encloser << found.cut << found.dname << found.wildcard
          << zone.nsecCovering(name) << zone.nsec3(name.view()) << zone.nsec3(hash)
          << zone.nsec3Wildcard(found.encloser);
  if (found.node) {
    answers << zone.nsec3(found.node);
    askNode(answers, zone, found.node);
  }
  if (found.wildcard) askNode(answers, zone, found.wildcard);
  return answers;
}

std::string textOf(const Zone& zone) {
  std::string text;
  writeZone(zone, [&text](std::string_view piece) { text += piece; });
  return text;
}

// The messages of a whole transfer, small ones, so that there are many.
std::vector<Octets> transferOf(const Zone& zone) {
  constexpr std::size_t size = 600;
  TransferWriter::Reply reply;
  reply.id = 1;
  reply.question = {Name(zone.origin()), Type::AXFR, Class::IN};
  TransferWriter writer(reply, std::shared_ptr<const Zone>(std::shared_ptr<const Zone>(), &zone));
  std::vector<Octets> messages;
  Octets buffer(size);
  while (const std::size_t written = writer.next(buffer))
    messages.emplace_back(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(written));
  REQUIRE(writer.isFinished());
  return messages;
}

void compareWholly(const Zone& zone, const Zone& built) {
  REQUIRE(textOf(zone) == textOf(built));
  REQUIRE(zonemdDigest(zone, ZonemdHash::SHA384) == zonemdDigest(built, ZonemdHash::SHA384));
  REQUIRE(transferOf(zone) == transferOf(built));
  const auto nodesOf = [](const Zone& of) {
    Answers answers;
    std::size_t count = 0;
    for (const ZoneNode node : of.nodes()) {
      askNode(answers, of, node);
      ++count;
    }
    for (const ZoneNode node : of.nsec3Nodes()) answers << node << node.rrsetCount();
    REQUIRE(count == of.nodes().size());
    return answers;
  };
  REQUIRE(nodesOf(zone) == nodesOf(built));
  const auto numbers = [](const Zone& of) {
    return std::tuple(of.nodeCount(), of.recordCount(), of.nsec3Nodes().size(), of.hasNsec(), of.hasNsec3(),
                      of.serial(), of.negativeTtl(), of.isSigned(), of.counts().nsecs, of.counts().nsec3Chain);
  };
  REQUIRE((numbers(zone) == numbers(built)));
}

void compare(const Zone& zone, const Zone& built, const std::set<Name>& names, const Changes& changes) {
  compareWholly(zone, built);
  std::set<Name> asked = names;
  for (const Name& name : names)
    if (name != origin) asked.insert(name.parent());
  const auto ask = [&](const Name& name) {
    Nsec3Hash hash = changes.hash(name);
    ++hash[19];
    REQUIRE(answersAbout(zone, name, hash) == answersAbout(built, name, hash));
  };
  for (const Name& name : asked) {
    ask(name);
    for (const char* const label : {"*", "0", "b", "zz"}) ask(*Name::join(label, name));
  }
}

std::set<Name> namesOf(const Model& before, const Model& after) {
  std::set<Name> names;
  for (const Model* const model : {&before, &after})
    for (const auto& [key, records] : *model) names.insert(key.owner);
  return names;
}

// As it is after it was written to a file.
std::shared_ptr<const Zone> reopened(const Zone& zone) {
  const TemporaryFolder folder;
  const std::string path = folder.path("snapshot");
  const auto written = writeSnapshot(zone, path);
  REQUIRE_MESSAGE(written.ok(), (written.ok() ? "" : written.error()));
  const auto opened = openSnapshot(path, origin);
  REQUIRE_MESSAGE(opened.ok(), (opened.ok() ? "" : opened.error()));
  REQUIRE(*opened != nullptr);
  return *opened;
}

struct Kept {
  std::shared_ptr<const Zone> zone;
  std::shared_ptr<const Zone> built;
  std::set<Name> names;
};

// Makes so many updates, and compares after each. Says how many were refused.
int update(unsigned seed, Changes::Denial denial, int first, int updates) {
  Changes changes(seed, denial);
  Model model;
  std::shared_ptr<const Zone> zone;
  while (!zone) zone = buildOf(model = changes.first(first)).zone;
  std::vector<Kept> kept;
  int refused = 0;
  for (int i = 0; i < updates; ++i) {
    const Model next = changes.next(model);
    const ZoneBuild built = buildOf(next);
    const std::vector difference{differenceOf(model, next)};
    INFO("seed " << seed << ", update " << i);
    const auto updated = updateZone(zone, difference, checks());
    REQUIRE_MESSAGE(updated.ok() == static_cast<bool>(built.zone), (updated.ok() ? "taken" : updated.error()));
    if (!updated.ok()) {
      ++refused;
      continue;
    }
    REQUIRE(updated->difference);
    CHECK(updated->difference->removed().octets().size() == difference.front().removed().octets().size());
    CHECK(updated->difference->added().octets().size() == difference.front().added().octets().size());
    const std::set<Name> names = namesOf(model, next);
    compare(*updated->zone, *built.zone, names, changes);
    model = next;
    zone = updated->zone;
    if (i % 40 == 39) kept.push_back({zone, built.zone, names});
    if (i % 100 == 60) {
      zone = settle(*zone);
      compare(*zone, *built.zone, names, changes);
    }
    if (i % 30 == 20) {
      zone = reopened(*zone);
      compare(*zone, *built.zone, names, changes);
    }
  }
  for (const Kept& old : kept) compare(*old.zone, *old.built, old.names, changes);
  return refused;
}

}  // namespace

TEST_CASE("A version that is made by an update, or read from a file, is like a zone that is built from its records") {
  using enum Changes::Denial;
  int refused = 0;
  unsigned seed = 0;
  for (const auto denial : {none, nsec, nsec3})
    for (const int first : {3, 40, 300}) refused += update(++seed, denial, first, 120);
  CHECK(refused > 20);
  CHECK(refused < 500);
}

}  // namespace zone_update_property_test
