#include "zone_records.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <stdexcept>
#include <string>

#include "taut/dns/nsec3.hpp"
#include "taut/zone/master_file.hpp"
#include "taut/zone/zone_builder.hpp"

namespace taut::test {

namespace {

struct Reader final : MasterFileHandler {
  explicit Reader(ZoneRecords& into) : records(into) {}
  bool onRecord(const MasterRecord& record) override {
    records.add(record.owner, record.type, record.ttl, record.rdata);
    return true;
  }
  bool onDiagnostic(Diagnostic diagnostic) override {
    message = diagnostic.toString();
    return true;
  }

  ZoneRecords& records;
  std::string message;
};

void append(Octets& to, ByteSpan octets) {
  to.insert(to.end(), octets.begin(), octets.end());
}

// RFC 4034 section 4.1.2.
Octets bitmapOf(const std::set<Type>& types) {
  std::map<unsigned, std::array<std::uint8_t, 32>> windows;
  for (const Type type : types) {
    const auto value = static_cast<unsigned>(type);
    windows[value >> 8][(value & 0xff) / 8] |= static_cast<std::uint8_t>(0x80 >> (value % 8));
  }
  Octets octets;
  for (const auto& [number, bits] : windows) {
    std::size_t size = bits.size();
    while (bits[size - 1] == 0) --size;
    octets.push_back(static_cast<std::uint8_t>(number));
    octets.push_back(static_cast<std::uint8_t>(size));
    append(octets, ByteSpan(bits).first(size));
  }
  return octets;
}

}  // namespace

void OwnRRset::add(ByteSpan rdata) {
  octets_.push_back(static_cast<std::uint8_t>(rdata.size() >> 8));
  octets_.push_back(static_cast<std::uint8_t>(rdata.size()));
  append(octets_, rdata);
  ++count_;
}

RRset OwnRRset::rrset() const {
  RRset set;
  set.owner = owner_;
  set.rdata = octets_.data();
  set.ttl = ttl_;
  set.type = type_;
  set.count = count_;
  return set;
}

void ZoneRecords::add(std::string_view text, std::uint32_t ttl) {
  Reader reader(*this);
  MasterFileOptions options;
  options.origin = origin_;
  options.ttl = ttl;
  if (!scanMasterText(text, "records", options, reader)) throw std::invalid_argument(reader.message);
}

void ZoneRecords::add(NameView owner, Type type, std::uint32_t ttl, ByteSpan rdata) {
  Set& set = names_[owner][type];
  set.ttl = ttl;
  set.rdata.emplace_back(rdata.begin(), rdata.end());
}

ZoneRecords::Set& ZoneRecords::at(std::string_view owner, Type type) {
  return names_.at(nameOf(owner)).at(type);
}

bool ZoneRecords::has(NameView owner, Type type) const {
  const auto name = names_.find(Name(owner));
  return name != names_.end() && name->second.contains(type);
}

void ZoneRecords::erase(std::string_view owner, Type type) {
  const Name name = nameOf(owner);
  names_.at(name).erase(type);
  if (names_.at(name).empty()) names_.erase(name);
}

OwnRRset ZoneRecords::rrset(NameView owner, Type type) const {
  const Set& set = names_.at(Name(owner)).at(type);
  OwnRRset made(owner, type, set.ttl);
  for (const Octets& rdata : set.rdata) made.add(rdata);
  return made;
}

OwnRRset ZoneRecords::signatures(NameView owner, Type type) const {
  const Set& set = names_.at(Name(owner)).at(type);
  OwnRRset made(owner, Type::RRSIG, set.ttl);
  for (const Octets& rdata : set.signatures) made.add(rdata);
  return made;
}

// Below a cut or a DNAME.
bool ZoneRecords::isOccluded(NameView name) const {
  while (!(name == origin_.view())) {
    name = name.parent();
    if (isCut(name) || has(name, Type::DNAME)) return true;
  }
  return false;
}

bool ZoneRecords::isSigned(NameView owner, Type type) const {
  if (isOccluded(owner)) return false;
  return !isCut(owner) || type == Type::DS || type == Type::NSEC;
}

std::uint32_t ZoneRecords::negativeTtl() const {
  const Set& soa = names_.at(origin_).at(Type::SOA);
  const Octets& rdata = soa.rdata.front();
  return std::min(soa.ttl, loadU32(&rdata[rdata.size() - 4]));
}

// Of what the zone has authority for, and of its delegations.
std::vector<Name> ZoneRecords::owners() const {
  std::vector<Name> owners;
  for (const auto& [name, sets] : names_)
    if (!isOccluded(name)) owners.push_back(name);
  return owners;
}

Octets ZoneRecords::typeBitmap(NameView owner, bool isNsec) const {
  std::set<Type> types;
  const auto name = names_.find(Name(owner));
  if (name != names_.end()) {
    for (const auto& [type, set] : name->second) {
      if (isCut(owner) && type != Type::NS && type != Type::DS) continue;
      types.insert(type);
      if (isSigned(owner, type)) types.insert(Type::RRSIG);
    }
  }
  if (isNsec) types.insert({Type::NSEC, Type::RRSIG});
  return bitmapOf(types);
}

void ZoneRecords::addNsecs() {
  const std::vector<Name> chain = owners();
  const std::uint32_t ttl = negativeTtl();
  for (std::size_t i = 0; i < chain.size(); ++i) {
    const Name& next = chain[(i + 1) % chain.size()];
    Octets rdata(next.data(), next.data() + next.size());
    append(rdata, typeBitmap(chain[i], true));
    add(chain[i], Type::NSEC, ttl, rdata);
  }
}

void ZoneRecords::addNsec3s(const Signing& signing) {
  Octets head{1, 0, static_cast<std::uint8_t>(signing.iterations >> 8), static_cast<std::uint8_t>(signing.iterations),
              static_cast<std::uint8_t>(signing.salt.size())};
  append(head, signing.salt);
  add(origin_, Type::NSEC3PARAM, 0, head);
  const bool optsOut = signing.denial == Signing::Denial::optOut;
  if (optsOut) head[1] = 1;
  const Nsec3Parameters parameters{1, signing.iterations, signing.salt};
  std::map<Nsec3Hash, Name> chain;
  for (const Name& owner : owners()) {
    if (optsOut && isCut(owner) && !has(owner, Type::DS)) continue;
    for (NameView name = owner;; name = name.parent()) {  // with the empty non-terminals
      chain.try_emplace(nsec3Hash(name, parameters), name);
      if (name == origin_.view()) break;
    }
  }
  const std::uint32_t ttl = negativeTtl();
  for (auto place = chain.begin(); place != chain.end(); ++place) {
    const auto next = std::next(place) == chain.end() ? chain.begin() : std::next(place);
    Octets rdata = head;
    rdata.push_back(static_cast<std::uint8_t>(next->first.size()));
    append(rdata, next->first);
    append(rdata, typeBitmap(place->second, false));
    const auto label = nsec3Label(place->first);
    const Name owner = Name::join(std::string_view(label.data(), label.size()), origin_).value();
    add(owner, Type::NSEC3, ttl, rdata);
  }
}

void ZoneRecords::sign(const SigningKey& key, const Signing& signing) {
  add(origin_, Type::DNSKEY, 3600, key.dnskey());
  if (signing.denial == Signing::Denial::nsec)
    addNsecs();
  else
    addNsec3s(signing);
  SignatureOptions options;
  options.inception = signing.inception;
  options.expiration = signing.expiration;
  for (auto& [name, sets] : names_) {
    for (auto& [type, set] : sets) {
      if (!isSigned(name, type)) continue;
      const OwnRRset made = rrset(name, type);
      set.signatures.push_back(key.sign(made.rrset(), options));
    }
  }
}

void ZoneRecords::signAgain(std::string_view owner, Type type, const SigningKey& key, const SignatureOptions& options) {
  const OwnRRset made = rrset(nameOf(owner), type);
  at(owner, type).signatures = {key.sign(made.rrset(), options)};
}

std::shared_ptr<const Zone> ZoneRecords::build() const {
  ZoneBuilder builder(origin_);
  for (const auto& [name, sets] : names_) {
    for (const auto& [type, set] : sets) {
      for (const Octets& rdata : set.rdata) builder.add(name, type, set.ttl, rdata);
      for (const Octets& rdata : set.signatures) builder.add(name, Type::RRSIG, set.ttl, rdata);
    }
  }
  ZoneChecks checks;
  checks.requireNsAddresses = false;
  checks.maxNsec3Iterations = 0xffff;
  checks.verifyZonemd = false;
  ZoneBuild built = builder.build(checks);
  if (!built.zone) throw std::runtime_error(built.diagnostics.back().toString());
  return std::move(built.zone);
}

}  // namespace taut::test
