// Zones that dnssec-signzone and ldns-signzone have signed: with each algorithm, with NSEC and NSEC3, with and without
// opt-out. What taut answers of them as their authority is judged as a client would judge it.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "dnssec/records.hpp"
#include "support/packet.hpp"
#include "taut/dns/answer.hpp"
#include "taut/dns/query.hpp"
#include "taut/dnssec/denial_records.hpp"
#include "taut/dnssec/ds.hpp"
#include "taut/dnssec/zone_keys.hpp"
#include "taut/resolver/authority.hpp"
#include "taut/zone/zone_file.hpp"
#include "taut/zone/zone_set.hpp"

namespace signed_zones_test {

using namespace taut;
using test::Records;

namespace {

constexpr std::uint32_t in2026 = 1767225600;
constexpr std::uint32_t dnssecOk = 0x8000;
constexpr const char* origin = "signed.example.";
const Name apex(origin);

std::vector<std::filesystem::path> zoneFiles() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(TAUT_SIGNED_ZONES)) paths.push_back(entry.path());
  std::ranges::sort(paths);
  return paths;
}

std::string textOf(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A DS RRset for each of the keys that sign keys.
Records dsOf(const RRset& keys, DigestType type) {
  Records made;
  for (const ByteSpan rdata : keys) {
    const DnskeyView key = *DnskeyView::parse(rdata);
    if (!key.isSecureEntryPoint()) continue;
    const KeyDigest digest = *digestOf(keys.owner, key, type);
    std::vector<std::uint8_t> ds(4);
    storeU16(ds.data(), key.keyTag());
    ds[2] = static_cast<std::uint8_t>(key.algorithm());
    ds[3] = static_cast<std::uint8_t>(type);
    ds.insert(ds.end(), digest.octets().begin(), digest.octets().end());
    made.add(keys.owner, Type::DS, 3600, ds);
  }
  return made;
}

class SignedZone {
 public:
  explicit SignedZone(const std::filesystem::path& path) : text_(textOf(path)), records_(text_) {
    ZoneLoad load = parseZone(text_, Name(origin));
    INFO(load.firstError());
    REQUIRE(load.ok());
    authority_ = std::make_unique<Authority>(std::make_shared<const ZoneSet>(std::vector{load.zone}));
  }

  const Records& records() const { return records_; }

  ZoneKeys keys() const {
    const RRset keys = records_.rrset(origin, Type::DNSKEY);
    const Records ds = dsOf(keys, DigestType::SHA256);
    CryptoBudget budget;
    KeysVerdict verdict = authenticateKeys(Name(origin), keys, records_.rrset(origin, Type::RRSIG),
                                           ds.rrset(origin, Type::DS), {}, in2026, budget);
    REQUIRE(verdict.security == KeysVerdict::Security::secure);
    return std::move(*verdict.keys);
  }

  Answer ask(NameView name, Type type) const {
    const Packet packet = Packet::header(0, 1, 0, 0, 1).question(name.toString().c_str(), type).opt(4096, dnssecOk);
    const auto query = Query::parse(packet, {Address::loopbackV4(53), Transport::tcp});
    return *authority_->answer(*query);
  }

 private:
  std::string text_;
  Records records_;
  std::unique_ptr<Authority> authority_;
};

RRset signaturesOf(const Answer& answer, const Answer::Entry& entry) {
  for (std::size_t i = 0; i < answer.entryCount(); ++i) {
    const Answer::Entry& other = answer.entry(i);
    if (other.section == entry.section && other.rrset.type == Type::RRSIG && other.rrset.owner == entry.rrset.owner)
      if (RrsigView::parse(other.rrset.front())->typeCovered() == entry.rrset.type) return other.rrset;
  }
  return {};
}

// An answer as a resolver sees it that has the keys.
struct Judgement {
  explicit Judgement(const Answer& answer, ZoneKeys& keys) : denial(apex) {
    for (std::size_t i = 0; i < answer.entryCount(); ++i) {
      const Answer::Entry& entry = answer.entry(i);
      const RRset& set = entry.rrset;
      if (set.type == Type::RRSIG || entry.section == Section::additional) continue;
      if (set.type == Type::NS && entry.section == Section::authority) continue;  // unsigned at a cut
      CryptoBudget each;
      const auto signature = verifyRRset(set, signaturesOf(answer, entry), keys, {}, in2026, each);
      CAPTURE(set.owner.toString());
      CAPTURE(toString(set.type));
      if (!signature) CAPTURE(describe(signature.error()));
      CHECK(signature.ok());
      if (!signature) continue;
      if (entry.section == Section::authority)
        denial.add(set, *signature);
      else if (signature->isExpanded)
        expandedLabels = signature->labels;
    }
  }

  DenialRecords denial;
  std::optional<std::size_t> expandedLabels;
};

bool isSecureOrOptOut(DenialProof proof) {
  return proof == DenialProof::proven || proof == DenialProof::optOut;
}

struct Asked {
  const char* name;
  Type type;
};

}  // namespace

TEST_CASE("Each RRset that another signer has signed verifies, and none of which one octet is another") {
  std::size_t verified = 0;
  for (const auto& path : zoneFiles()) {
    CAPTURE(path.filename().string());
    const SignedZone zone(path);
    ZoneKeys keys = zone.keys();
    for (const RRset& set : zone.records().rrsets()) {
      const RRset signatures = zone.records().rrset(set.owner, Type::RRSIG);
      const bool isSigned = std::any_of(signatures.begin(), signatures.end(), [&](ByteSpan rdata) {
        return RrsigView::parse(rdata)->typeCovered() == set.type;
      });
      if (!isSigned) continue;
      CAPTURE(set.owner.toString());
      CAPTURE(toString(set.type));
      CryptoBudget budget;
      CHECK(verifyRRset(set, signatures, keys, {}, in2026, budget).ok());
      ++verified;
      std::vector<std::uint8_t> changed(
          set.rdata, (*std::next(set.begin(), set.count - 1)).data() + (*std::next(set.begin(), set.count - 1)).size());
      changed.back() ^= 0x40;
      RRset other = set;
      other.rdata = changed.data();
      const auto refused = verifyRRset(other, signatures, keys, {}, in2026, budget);
      REQUIRE_FALSE(refused.ok());
      CHECK(refused.error() == ValidationFault::badSignature);
    }
  }
  CHECK(verified > 250);
}

TEST_CASE("The keys of each zone are authentic by a DS of each digest, and insecure without one that is validated") {
  for (const auto& path : zoneFiles()) {
    CAPTURE(path.filename().string());
    const Records records(textOf(path));
    const RRset keys = records.rrset(origin, Type::DNSKEY);
    const RRset signatures = records.rrset(origin, Type::RRSIG);
    for (const DigestType type : {DigestType::SHA1, DigestType::SHA256, DigestType::SHA384}) {
      const Records ds = dsOf(keys, type);
      const RRset set = ds.rrset(origin, Type::DS);
      CryptoBudget budget;
      CHECK(authenticateKeys(Name(origin), keys, signatures, set, {}, in2026, budget).security ==
            KeysVerdict::Security::secure);
      const AlgorithmPolicy withoutSha1{false};
      const DsView view = *DsView::parse(set.front());
      const bool isSha1 = type == DigestType::SHA1 || !withoutSha1.validates(view.algorithm());
      CHECK((authenticateKeys(Name(origin), keys, signatures, set, withoutSha1, in2026, budget).security ==
             KeysVerdict::Security::insecure) == isSha1);
    }
  }
}

TEST_CASE("What an authority answers of names that do not exist is proven by what it sends along") {
  const Asked errors[] = {{"nothing.signed.example.", Type::A},      {"a.b.c.nothing.signed.example.", Type::A},
                          {"zzz.signed.example.", Type::TXT},        {"!.signed.example.", Type::A},
                          {"x.www.signed.example.", Type::A},        {"x.deep.empty.inner.signed.example.", Type::A},
                          {"x.empty.inner.signed.example.", Type::A}};
  for (const auto& path : zoneFiles()) {
    CAPTURE(path.filename().string());
    const SignedZone zone(path);
    ZoneKeys keys = zone.keys();
    CryptoBudget budget;
    for (const Asked& question : errors) {
      CAPTURE(question.name);
      const Answer answer = zone.ask(Name(question.name), question.type);
      REQUIRE(answer.rcode() == Rcode::NXDOMAIN);
      const Judgement judged(answer, keys);
      CHECK(isSecureOrOptOut(judged.denial.nameError(Name(question.name), budget)));
      // It is no proof of anything else.
      CHECK(judged.denial.nameError(Name("www.signed.example."), budget) == DenialProof::missing);
      CHECK(judged.denial.noData(Name("www.signed.example."), Type::A, budget) == DenialProof::missing);
      CHECK(judged.denial.noData(Name("mail.signed.example."), Type::MX, budget) == DenialProof::missing);
      CHECK(judged.denial.delegation(Name("secure.signed.example."), budget) != DelegationProof::insecure);
    }
  }
}

TEST_CASE("What an authority answers without data is proven by what it sends along") {
  const Asked noData[] = {{"www.signed.example.", Type::MX},        {"signed.example.", Type::TXT},
                          {"empty.inner.signed.example.", Type::A}, {"inner.signed.example.", Type::DS},
                          {"x.wild.signed.example.", Type::A},      {"*.wild.signed.example.", Type::A},
                          {"wild.signed.example.", Type::TXT},      {"moved.signed.example.", Type::A},
                          {"unsigned.signed.example.", Type::DS},   {"big.signed.example.", Type::A}};
  for (const auto& path : zoneFiles()) {
    CAPTURE(path.filename().string());
    const SignedZone zone(path);
    ZoneKeys keys = zone.keys();
    for (const Asked& question : noData) {
      CAPTURE(question.name);
      CAPTURE(toString(question.type));
      CryptoBudget budget;
      const Answer answer = zone.ask(Name(question.name), question.type);
      REQUIRE(answer.rcode() == Rcode::NOERROR);
      const Judgement judged(answer, keys);
      CHECK(isSecureOrOptOut(judged.denial.noData(Name(question.name), question.type, budget)));
      CHECK_FALSE(isSecureOrOptOut(judged.denial.noData(Name("www.signed.example."), Type::A, budget)));
    }
  }
}

TEST_CASE("What an authority answers by a wildcard is proven by what it sends along") {
  for (const auto& path : zoneFiles()) {
    CAPTURE(path.filename().string());
    const SignedZone zone(path);
    ZoneKeys keys = zone.keys();
    for (const char* const text : {"x.wild.signed.example.", "a.b.c.wild.signed.example.", "!.wild.signed.example."}) {
      CAPTURE(text);
      CryptoBudget budget;
      const Judgement judged(zone.ask(Name(text), Type::TXT), keys);
      REQUIRE(judged.expandedLabels == 3);
      CHECK(isSecureOrOptOut(judged.denial.wildcardAnswer(Name(text), *judged.expandedLabels, budget)));
      CHECK_FALSE(isSecureOrOptOut(judged.denial.wildcardAnswer(Name("deep.empty.inner.signed.example."), 3, budget)));
    }
    const Judgement itself(zone.ask(Name("*.wild.signed.example."), Type::TXT), keys);
    CHECK_FALSE(itself.expandedLabels.has_value());
  }
}

TEST_CASE("A referral to a zone without DS is proven to be insecure, and one to a signed zone is not") {
  for (const auto& path : zoneFiles()) {
    CAPTURE(path.filename().string());
    const SignedZone zone(path);
    ZoneKeys keys = zone.keys();
    CryptoBudget budget;
    const Judgement judged(zone.ask(Name("www.unsigned.signed.example."), Type::A), keys);
    const DelegationProof proof = judged.denial.delegation(Name("unsigned.signed.example."), budget);
    CHECK((proof == DelegationProof::insecure || proof == DelegationProof::optOut));
    const Judgement secure(zone.ask(Name("www.secure.signed.example."), Type::A), keys);
    CHECK(secure.denial.delegation(Name("secure.signed.example."), budget) == DelegationProof::missing);
    const Judgement noCut(zone.ask(Name("www.signed.example."), Type::DS), keys);
    CHECK(noCut.denial.delegation(Name("www.signed.example."), budget) == DelegationProof::noDelegation);
  }
}

TEST_CASE("No record of a zone denies what is there") {
  for (const auto& path : zoneFiles()) {
    CAPTURE(path.filename().string());
    const SignedZone zone(path);
    const std::vector<RRset> sets = zone.records().rrsets();
    VerifiedSignature verified;
    for (std::size_t first = 0; first < sets.size(); ++first) {
      if (sets[first].type != Type::NSEC && sets[first].type != Type::NSEC3) continue;
      DenialRecords records(apex);
      for (std::size_t i = first; i < sets.size(); ++i) records.add(sets[i], verified);
      for (const RRset& set : sets) {
        if (set.type == Type::NSEC3 || set.type == Type::RRSIG) continue;
        const bool isGlue = set.owner.firstLabel() == "ns" && set.type == Type::A;
        const bool isNsec3Owner = zone.records().rrset(set.owner, Type::NSEC3).count != 0;
        if (isGlue || isNsec3Owner) continue;
        CAPTURE(set.owner.toString());
        CAPTURE(toString(set.type));
        CryptoBudget budget;
        CHECK(records.nameError(set.owner, budget) != DenialProof::proven);
        // At a cut the parent's record tells of DS alone.
        CHECK(records.noData(set.owner, set.type, budget) != DenialProof::proven);
      }
    }
  }
}

}  // namespace signed_zones_test
