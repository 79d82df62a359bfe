#include "taut/recursor/trust_anchors.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "operator_records.hpp"
#include "taut/base/input_file.hpp"
#include "taut/base/log.hpp"
#include "taut/dnssec/algorithm.hpp"
#include "taut/dnssec/dnskey.hpp"
#include "taut/dnssec/ds.hpp"
#include "taut/dnssec/zone_keys.hpp"
#include "taut/zone/master_file.hpp"

namespace taut {

namespace {

// https://data.iana.org/root-anchors/root-anchors.xml
constexpr std::string_view rootAnchors =
    ". DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D\n"
    ". DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16\n";

std::optional<std::string> problemOf(const DsView& ds) {
  const std::size_t size = digestSizeOf(ds.digestType());
  if (size == 0 || ds.digest().size() == size) return std::nullopt;
  return fmt::format("DS: a digest of {} octets, expected {} for digest type {}", ds.digest().size(), size,
                     static_cast<unsigned>(ds.digestType()));
}

std::optional<std::string> problemOf(const DnskeyView& key) {
  if (!key.isZoneKey())
    return fmt::format("DNSKEY: not the key of a zone, expected flags 257 or 256 and protocol 3, not {} and {}",
                       key.flags(), key.protocol());
  if (key.isRevoked())
    return fmt::format("DNSKEY: a revoked key (RFC 5011), expected one with flags 257, not {}", key.flags());
  return std::nullopt;
}

std::vector<std::uint8_t> digestRdata(NameView zone, const DnskeyView& key) {
  const std::optional<KeyDigest> digest = digestOf(zone, key, DigestType::SHA256);
  std::vector<std::uint8_t> rdata(4);
  storeU16(rdata.data(), key.keyTag());
  rdata[2] = static_cast<std::uint8_t>(key.algorithm());
  rdata[3] = static_cast<std::uint8_t>(DigestType::SHA256);
  rdata.insert(rdata.end(), digest->octets().begin(), digest->octets().end());
  return rdata;
}

template <typename Scan>
std::vector<Diagnostic> readInto(TrustAnchors& into, const std::string& name, const Scan& scan) {
  bool isEmpty = true;
  detail::OperatorRecords records(name, [&](const MasterRecord& record) -> std::optional<std::string> {
    isEmpty = false;
    const auto added = into.add(record.owner, record.type, record.rdata);
    return added.ok() ? std::nullopt : std::optional(added.error());
  });
  scan(records);
  if (isEmpty && !records.hasErrors()) records.fail(0, "no trust anchor, expected records of the type DS or DNSKEY");
  return records.takeMessages();
}

}  // namespace

bool TrustAnchors::Anchor::Records::has(ByteSpan rdata) const {
  const RRset all = rrset({}, {});
  return std::any_of(all.begin(), all.end(), [&](ByteSpan other) { return std::ranges::equal(other, rdata); });
}

void TrustAnchors::Anchor::Records::add(ByteSpan rdata) {
  if (has(rdata)) return;
  octets_.push_back(static_cast<std::uint8_t>(rdata.size() >> 8));
  octets_.push_back(static_cast<std::uint8_t>(rdata.size()));
  octets_.insert(octets_.end(), rdata.begin(), rdata.end());
  ++count_;
}

RRset TrustAnchors::Anchor::Records::rrset(NameView owner, Type type) const {
  RRset rrset;
  rrset.owner = owner;
  rrset.rdata = octets_.data();
  rrset.type = type;
  rrset.count = count_;
  return rrset;
}

TrustAnchors TrustAnchors::builtIn() {
  TrustAnchors anchors;
  parseTrustAnchors(rootAnchors, "the built-in trust anchors", anchors);
  return anchors;
}

Result<void, std::string> TrustAnchors::add(NameView zone, Type type, ByteSpan rdata) {
  const std::optional<DsView> ds = type == Type::DS ? DsView::parse(rdata) : std::nullopt;
  const std::optional<DnskeyView> key = type == Type::DNSKEY ? DnskeyView::parse(rdata) : std::nullopt;
  if (!ds && !key) {
    if (type == Type::DS) return Failure(std::string("DS: no digest, expected one behind the digest type"));
    if (type == Type::DNSKEY) return Failure(std::string("DNSKEY: no key, expected one behind the algorithm"));
    return Failure(fmt::format("{} is no trust anchor, expected DS or DNSKEY", toString(type)));
  }
  if (auto problem = ds ? problemOf(*ds) : problemOf(*key)) return Failure(std::move(*problem));
  const std::vector<std::uint8_t> digest = key ? digestRdata(zone, *key) : std::vector(rdata.begin(), rdata.end());
  const Anchor* const before = find(zone);
  if (before && before->ds_.size() == maxDsTried && !before->ds_.has(digest))
    return Failure(fmt::format("more than {} trust anchors of {}, of which no more are tried", maxDsTried, zone));
  Anchor& anchor = anchors_.try_emplace(Name(zone), zone).first->second;
  anchor.ds_.add(digest);
  if (key) anchor.keys_.add(rdata);
  return {};
}

const TrustAnchors::Anchor* TrustAnchors::find(NameView zone) const {
  const auto found = anchors_.find(zone);
  return found == anchors_.end() ? nullptr : &found->second;
}

const TrustAnchors::Anchor* TrustAnchors::closest(NameView name) const {
  if (empty()) return nullptr;
  for (;; name = name.parent()) {
    const Anchor* const anchor = find(name);
    if (anchor || name.isRoot()) return anchor;
  }
}

std::vector<Diagnostic> readTrustAnchors(const std::string& path, TrustAnchors& into) {
  return readInto(into, path, [&](MasterFileHandler& handler) {
    scanMasterFile(path, detail::OperatorRecords::options(), handler);
  });
}

std::vector<Diagnostic> parseTrustAnchors(std::string_view text, const std::string& name, TrustAnchors& into) {
  return readInto(into, name, [&](MasterFileHandler& handler) {
    scanMasterText(text, name, detail::OperatorRecords::options(), handler);
  });
}

TrustAnchors defaultTrustAnchors(const std::string& path) {
  if (fileVersion(path) == FileVersion()) return TrustAnchors::builtIn();
  TrustAnchors anchors;
  const std::vector<Diagnostic> messages = readTrustAnchors(path, anchors);
  for (const Diagnostic& message : messages)
    if (message.isError()) {
      log::warning("{}; the built-in trust anchors are used", message.toString());
      return TrustAnchors::builtIn();
    }
  return anchors;
}

}  // namespace taut
