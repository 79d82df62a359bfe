#include "semantics.hpp"

#include <array>

#include "taut/dns/name.hpp"
#include "taut/dns/rdata/kind.hpp"
#include "walk.hpp"

namespace taut {

namespace {

// Octets of the digests of RFC 4034, 4509, 5933 and 6605; 0 for others.
std::size_t dsDigestSize(std::uint8_t digestType) {
  constexpr std::array<std::size_t, 5> sizes = {0, 20, 32, 32, 48};
  constexpr std::uint8_t gost = 3;  // BIND and others never checked it, and nothing uses it any more
  return digestType < sizes.size() && digestType != gost ? sizes[digestType] : 0;
}

SemanticError checkDs(ByteSpan rdata) {
  const std::size_t size = dsDigestSize(rdata[3]);
  if (size == 0 || rdata.size() == 4 + size) return {};
  return {"the digest's length is not that of its type", 3};
}

SemanticError checkSshfp(ByteSpan rdata) {
  const std::size_t size = rdata[1] == 1 ? 20 : rdata[1] == 2 ? 32 : 0;  // RFC 4255 section 3.1.2, RFC 6594 section 3.2
  if (size == 0 || rdata.size() == 2 + size) return {};
  return {"the fingerprint's length is not that of its type", 2};
}

// Whether octets begin with a length and an object identifier of that length in BER (X.690 section 8.19).
bool beginsWithOid(ByteSpan octets) {
  constexpr std::uint8_t tag = 6;
  constexpr std::uint8_t more = 0x80;  // the number goes on in the next octet
  if (octets.size() < 4 || octets.size() <= octets[0]) return false;
  const ByteSpan oid = octets.subspan(1, octets[0]);
  if (oid.size() < 3 || oid[0] != tag || oid[1] != oid.size() - 2 || (oid.back() & more) != 0) return false;
  for (std::size_t at = 2; at < oid.size(); ++at)  // no number begins with a zero digit
    if (oid[at] == more && (oid[at - 1] & more) == 0) return false;
  return oid[2] != more;
}

// RFC 2535 section 3.1.2: both bits set say that there is no key. A key of a private algorithm begins with what names
// the algorithm (RFC 2535 section 3.2, RFC 4034 appendix A.1.1).
SemanticError checkKey(ByteSpan rdata) {
  constexpr std::uint8_t privateDns = 253;
  constexpr std::uint8_t privateOid = 254;
  constexpr std::size_t keyField = 3;
  const ByteSpan key = rdata.subspan(4);
  const bool hasKey = (rdata[0] & 0xc0) != 0xc0;
  if (key.empty())
    return hasKey ? SemanticError{"there is no key, but the flags do not say so", keyField} : SemanticError{};
  if (rdata[3] == privateDns && !NameView::fromWire(key)) return {"a PRIVATEDNS key begins with a name", keyField};
  if (rdata[3] == privateOid && !beginsWithOid(key))
    return {"a PRIVATEOID key begins with the length of an object identifier and the identifier in BER", keyField};
  return {};
}

// RFC 4025 section 2.4: algorithm 0 says that there is no key.
SemanticError checkIpseckey(ByteSpan rdata) {
  RdataWalk walk(rdata);
  walk.pass(3);
  if (!rdata::kind::Gateway::walk(walk)) return {};
  if (rdata[2] == 0 || walk.position() < rdata.size()) return {};
  return {"there is no key, but the algorithm is not 0", 4};
}

// RFC 8976 section 2.2: the hash algorithm fixes the length, in unknown schemes too. Private schemes (section 5.2) may
// cut digests: the one in appendix A.3 does.
SemanticError checkZonemd(ByteSpan rdata) {
  constexpr std::size_t digestAt = 6;
  constexpr std::size_t digestField = 3;
  const std::size_t size = rdata.size() - digestAt;
  const bool isPrivate = rdata[4] >= 240 && rdata[4] <= 254;
  if (!isPrivate && rdata[5] == 1 && size != 48) return {"a SHA-384 digest has 48 octets", digestField};
  if (!isPrivate && rdata[5] == 2 && size != 64) return {"a SHA-512 digest has 64 octets", digestField};
  if (size < 12) return {"a digest has at least 12 octets", digestField};
  return {};
}

// A hash is the label of another NSEC3's owner, in base32hex (RFC 5155 section 3); SHA-1's has 20 octets.
SemanticError checkNsec3(ByteSpan rdata) {
  constexpr std::size_t saltAt = 4;
  constexpr std::uint8_t sha1 = 1;
  constexpr std::size_t hashField = 4;
  const std::size_t size = rdata[saltAt + 1 + rdata[saltAt]];
  if (rdata[0] == sha1 && size != 20) return {"a SHA-1 hash has 20 octets", hashField};
  if (size > maxLabelSize * 5 / 8) return {"a hash has at most 39 octets, which make a label", hashField};
  return {};
}

// The signer is the zone of the owner, and the labels field counts the owner's labels (RFC 4034 sections 3.1.3 and
// 3.1.7).
SemanticError checkRrsig(ByteSpan rdata) {
  constexpr std::size_t signerAt = 18;
  const auto signer = NameView::fromWire(rdata.subspan(signerAt));
  if (!signer || signer->labelCount() <= rdata[3]) return {};
  return {"the signer has more labels than the owner, by the number of labels", 7};
}

}  // namespace

SemanticError checkSemantics(Type type, ByteSpan rdata) {
  switch (type) {
    case Type::DS:
    case Type::CDS:
    case Type::DLV:
    case Type::TA:
      return checkDs(rdata);
    case Type::SSHFP:
      return checkSshfp(rdata);
    case Type::ZONEMD:
      return checkZonemd(rdata);
    case Type::NSEC3:
      return checkNsec3(rdata);
    case Type::KEY:
      return checkKey(rdata);
    case Type::IPSECKEY:
      return checkIpseckey(rdata);
    case Type::RKEY:
      if (loadU16(rdata.data()) != 0) return {"the flags of RKEY are 0", 0};
      return {};
    case Type::RRSIG:
      return checkRrsig(rdata);
    default:
      return {};
  }
}

}  // namespace taut
