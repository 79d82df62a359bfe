#include "rdata_walk.hpp"

#include <algorithm>
#include <optional>

#include "rdata_words.hpp"
#include "svcb.hpp"
#include "taut/dns/rdata.hpp"

namespace taut {

namespace {

// A precision of LOC: mantissa and decimal exponent, one digit each (RFC 1876 section 2).
bool isPrecision(std::uint8_t octet) {
  const int mantissa = octet >> 4;
  const int exponent = octet & 0x0f;
  return mantissa <= 9 && exponent <= 9 && (mantissa != 0 || exponent == 0);
}

// An angle of LOC: thousandths of a second of arc, 2^31 standing for none.
bool isAngle(std::uint32_t value, std::uint32_t degrees) {
  constexpr std::uint32_t middle = 0x80000000;
  const std::uint32_t size = value >= middle ? value - middle : middle - value;
  return size <= degrees * 3600000;
}

}  // namespace

bool RdataWalk::pass(std::size_t count) {
  if (remaining() < count) return false;
  if (out_) out_->bytes(octets_.subspan(at_, count));
  at_ += count;
  return true;
}

bool RdataWalk::name(FieldKind kind) {
  const bool mayPoint = kind == FieldKind::compressibleName || kind == FieldKind::receivedName;
  if (out_ && mayPoint) {
    ByteReader reader(octets_, at_);
    const auto name = Name::read(octets_, reader);
    if (!name || reader.position() > end_) return false;
    out_->bytes(name->wire());
    at_ = reader.position();
    return true;
  }
  const auto name = NameView::fromWire(octets_.subspan(at_, remaining()));
  if (!name) return false;
  if (kind != FieldKind::plainName && foldedCount_ < maxFoldedNames)
    folded_[foldedCount_++] = {at_ - start_, name->size()};
  return pass(name->size());
}

bool RdataWalk::names() {
  while (remaining() > 0)
    if (!name(FieldKind::plainName)) return false;
  return true;
}

bool RdataWalk::characterString(bool (*accepts)(ByteSpan)) {
  if (remaining() == 0 || remaining() <= peek()) return false;
  if (accepts && !accepts(octets_.subspan(at_ + 1, peek()))) return false;
  return pass(peek() + 1u);
}

bool RdataWalk::characterStrings() {
  do {
    if (!characterString()) return false;
  } while (remaining() > 0);
  return true;
}

// Octets behind their length, which itself has one octet or two.
bool RdataWalk::sized(std::size_t lengthSize, std::size_t minimum) {
  if (remaining() < lengthSize) return false;
  const std::size_t length = lengthSize == 1 ? peek() : loadU16(&octets_[at_]);
  return length >= minimum && pass(lengthSize + length);
}

bool RdataWalk::typeBitmap() {
  int window = -1;
  while (remaining() > 0) {
    if (remaining() < 3 || peek() <= window) return false;
    window = peek();
    const std::size_t length = peek(1);
    if (length == 0 || length > 32 || remaining() < length + 2 || peek(length + 1) == 0) return false;
    pass(length + 2);
  }
  return true;
}

// A set first bit announces a format that was never made.
bool RdataWalk::nxtBitmap() {
  if (remaining() == 0 || (peek() & 0x80) != 0) return passRest();
  return remaining() <= 16 && peek(remaining() - 1) != 0 && passRest();
}

bool RdataWalk::gateway(bool typesBeyondAreOpaque) {
  switch (octets_[start_ + 1] & (typesBeyondAreOpaque ? 0x7f : 0xff)) {
    case 0:
      return true;
    case 1:
      return pass(4);
    case 2:
      return pass(16);
    case 3:
      return name(FieldKind::plainName);
    default:
      return typesBeyondAreOpaque && passRest();
  }
}

bool RdataWalk::hostIdentity() {
  if (remaining() < 4) return false;
  const std::size_t hitSize = peek();
  const std::size_t keySize = loadU16(&octets_[at_ + 2]);
  return hitSize > 0 && keySize > 0 && pass(4 + hitSize + keySize);
}

bool RdataWalk::addressPrefixes() {
  while (remaining() > 0) {
    if (remaining() < 4) return false;
    const std::uint16_t family = loadU16(&octets_[at_]);
    const std::size_t length = peek(3) & 0x7fu;
    const std::size_t addressSize = family == 1 ? 4 : family == 2 ? 16 : 127;
    if (length > addressSize || remaining() < 4 + length) return false;
    if (family <= 2 && family > 0 && peek(2) > addressSize * 8) return false;
    if (length > 0 && peek(3 + length) == 0) return false;
    pass(4 + length);
  }
  return true;
}

bool RdataWalk::atma() {
  if (remaining() < 2) return false;
  constexpr std::uint8_t e164 = 1;
  if (peek() == e164 && !areDigits(octets_.subspan(at_ + 1, remaining() - 1))) return false;
  return passRest();
}

bool RdataWalk::addressSuffix() {
  if (remaining() == 0 || peek() > 128) return false;
  const std::size_t prefix = peek();
  const std::size_t size = 16 - prefix / 8;
  if (remaining() < 1 + size) return false;
  // RFC 2874 section 3.1.1: pad bits must be zero.
  if (prefix % 8 != 0 && peek(1) >> (8 - prefix % 8) != 0) return false;
  return pass(1 + size) && (prefix == 0 || name(FieldKind::foldedName));
}

// RFC 1876 section 2: nothing is known of versions other than 0.
bool RdataWalk::location() {
  if (remaining() == 0) return false;
  if (peek() != 0) return passRest();
  if (remaining() != 16 || !isPrecision(peek(1)) || !isPrecision(peek(2)) || !isPrecision(peek(3))) return false;
  return isAngle(loadU32(&octets_[at_ + 4]), 90) && isAngle(loadU32(&octets_[at_ + 8]), 180) && pass(16);
}

bool RdataWalk::svcParams() {
  int last = -1;
  while (remaining() > 0) {
    if (remaining() < 4) return false;
    const std::uint16_t key = loadU16(&octets_[at_]);
    const std::size_t length = loadU16(&octets_[at_ + 2]);
    if (key <= last || remaining() < 4 + length || !validSvcValue(key, octets_.subspan(at_ + 4, length))) return false;
    last = key;
    pass(4 + length);
  }
  return true;
}

bool RdataWalk::options() {
  while (remaining() > 0)
    if (remaining() < 4 || !pass(4u + loadU16(&octets_[at_ + 2]))) return false;
  return true;
}

bool RdataWalk::step(FieldKind kind) {
  switch (kind) {
    case FieldKind::u8:
    case FieldKind::algorithm:
    case FieldKind::keyProtocol:
    case FieldKind::digestType:
    case FieldKind::nsec3Algorithm:
    case FieldKind::dsyncScheme:
    case FieldKind::relayType:
      return pass(1);
    case FieldKind::gatewayType:
      return remaining() > 0 && peek() <= 3 && pass(1);
    case FieldKind::u16:
    case FieldKind::type:
    case FieldKind::certificateType:
    case FieldKind::keyFlags:
    case FieldKind::errorCode:
      return pass(2);
    case FieldKind::u32:
    case FieldKind::duration:
    case FieldKind::time:
    case FieldKind::ipv4:
      return pass(4);
    case FieldKind::u48:
    case FieldKind::eui48:
      return pass(6);
    case FieldKind::u64:
    case FieldKind::eui64:
    case FieldKind::locator64:
      return pass(8);
    case FieldKind::ipv6:
      return pass(16);
    case FieldKind::location:
      return location();
    case FieldKind::compressibleName:
    case FieldKind::receivedName:
    case FieldKind::foldedName:
    case FieldKind::plainName:
      return name(kind);
    case FieldKind::plainNames:
      return names();
    case FieldKind::characterString:
      return characterString();
    case FieldKind::optionalCharacterString:
      return remaining() == 0 || characterString();
    case FieldKind::characterStrings:
      return characterStrings();
    case FieldKind::digitString:
      return characterString(isPsdnAddress);
    case FieldKind::tag:
      return characterString(isTag);
    case FieldKind::hex:
    case FieldKind::base64:
    case FieldKind::nsap:
      return passSome();
    case FieldKind::text:
    case FieldKind::optionalHex:
    case FieldKind::optionalBase64:
    case FieldKind::dashBase64:
    case FieldKind::opaque:
      return passRest();
    case FieldKind::salt:
      return sized(1, 0);
    case FieldKind::hash:
      return sized(1, 1);
    case FieldKind::sizedBase64:
      return sized(2, 0);
    case FieldKind::typeBitmap:
      return remaining() > 0 && typeBitmap();
    case FieldKind::optionalTypeBitmap:
      return typeBitmap();
    case FieldKind::nxtBitmap:
      return nxtBitmap();
    case FieldKind::gateway:
      return gateway(false);
    case FieldKind::relay:
      return gateway(true);
    case FieldKind::hostIdentity:
      return hostIdentity();
    case FieldKind::addressPrefixes:
      return addressPrefixes();
    case FieldKind::services:
      return remaining() >= 1 && remaining() <= 1 + 65536 / 8 && passRest();
    case FieldKind::atma:
      return atma();
    case FieldKind::addressSuffix:
      return addressSuffix();
    case FieldKind::svcParams:
      return svcParams();
    case FieldKind::options:
      return options();
  }
  return false;
}

bool RdataWalk::all(const RdataLayout& layout) {
  for (const FieldKind kind : layout)
    if (!step(kind)) return false;
  return remaining() == 0;
}

namespace {

// Octets of the digests of RFC 4034, 4509, 5933 and 6605; 0 for others.
std::size_t dsDigestSize(std::uint8_t digestType) {
  constexpr std::array<std::size_t, 5> sizes = {0, 20, 32, 32, 48};
  constexpr std::uint8_t gost = 3;  // BIND and others never checked it, and nothing uses it any more
  return digestType < sizes.size() && digestType != gost ? sizes[digestType] : 0;
}

Contradiction dsContradiction(ByteSpan rdata) {
  const std::size_t size = dsDigestSize(rdata[3]);
  if (size == 0 || rdata.size() == 4 + size) return {};
  return {"the digest's length is not that of its type", 3};
}

Contradiction sshfpContradiction(ByteSpan rdata) {
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

// RFC 2535 section 3.1.2: both bits set say that there is no key. What algorithm a private one is, the key says first
// (RFC 2535 section 3.2, RFC 4034 appendix A.1.1).
Contradiction keyContradiction(ByteSpan rdata) {
  constexpr std::uint8_t privateDns = 253;
  constexpr std::uint8_t privateOid = 254;
  constexpr std::size_t keyField = 3;
  const ByteSpan key = rdata.subspan(4);
  const bool hasKey = (rdata[0] & 0xc0) != 0xc0;
  if (key.empty())
    return hasKey ? Contradiction{"there is no key, but the flags do not say so", keyField} : Contradiction{};
  if (rdata[3] == privateDns && !NameView::fromWire(key)) return {"a PRIVATEDNS key begins with a name", keyField};
  if (rdata[3] == privateOid && !beginsWithOid(key))
    return {"a PRIVATEOID key begins with the length of an object identifier and the identifier in BER", keyField};
  return {};
}

// RFC 4025 section 2.4: algorithm 0 says that there is no key.
Contradiction ipseckeyContradiction(ByteSpan rdata) {
  RdataWalk walk(rdata);
  for (const FieldKind kind : {FieldKind::u8, FieldKind::gatewayType, FieldKind::u8, FieldKind::gateway})
    if (!walk.step(kind)) return {};
  if (rdata[2] == 0 || walk.position() < rdata.size()) return {};
  return {"there is no key, but the algorithm is not 0", 4};
}

// RFC 8976 section 2.2: the length is the hash algorithm's, in unknown schemes too. Private schemes (section 5.2) may
// cut digests, as the one in appendix A.3 does.
Contradiction zonemdContradiction(ByteSpan rdata) {
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
Contradiction nsec3Contradiction(ByteSpan rdata) {
  constexpr std::size_t saltAt = 4;
  constexpr std::uint8_t sha1 = 1;
  constexpr std::size_t hashField = 4;
  const std::size_t size = rdata[saltAt + 1 + rdata[saltAt]];
  if (rdata[0] == sha1 && size != 20) return {"a SHA-1 hash has 20 octets", hashField};
  if (size > maxLabelSize * 5 / 8) return {"a hash has at most 39 octets, which make a label", hashField};
  return {};
}

// The signer is the zone of the owner, whose labels are counted (RFC 4034 sections 3.1.3 and 3.1.7).
Contradiction rrsigContradiction(ByteSpan rdata) {
  constexpr std::size_t signerAt = 18;
  const auto signer = NameView::fromWire(rdata.subspan(signerAt));
  if (!signer || signer->labelCount() <= rdata[3]) return {};
  return {"the signer has more labels than the owner, by the number of labels", 7};
}

}  // namespace

Contradiction contradiction(Type type, ByteSpan rdata) {
  switch (type) {
    case Type::DS:
    case Type::CDS:
    case Type::DLV:
    case Type::TA:
      return dsContradiction(rdata);
    case Type::SSHFP:
      return sshfpContradiction(rdata);
    case Type::ZONEMD:
      return zonemdContradiction(rdata);
    case Type::NSEC3:
      return nsec3Contradiction(rdata);
    case Type::KEY:
      return keyContradiction(rdata);
    case Type::IPSECKEY:
      return ipseckeyContradiction(rdata);
    case Type::RKEY:
      if (loadU16(rdata.data()) != 0) return {"the flags of RKEY are 0", 0};
      return {};
    case Type::RRSIG:
      return rrsigContradiction(rdata);
    default:
      return {};
  }
}

bool rdata::detail::splitFields(const RdataLayout& layout, ByteSpan rdata, FieldEnds& ends) {
  if (rdata.size() > maxRdataSize) return false;
  RdataWalk walk(rdata);
  for (std::size_t i = 0; i < layout.count; ++i) {
    if (!walk.step(layout.kinds[i])) return false;
    ends[i] = static_cast<std::uint16_t>(walk.position());
  }
  return walk.position() == rdata.size() && !contradiction(layout.type, rdata);
}

bool validRdata(Type type, ByteSpan rdata) {
  if (rdata.size() > maxRdataSize) return false;
  const RdataLayout* const layout = findLayout(type);
  return !layout || (RdataWalk(rdata).all(*layout) && !contradiction(type, rdata));
}

bool decompressRdata(Type type, ByteSpan message, std::size_t offset, std::size_t length, ByteWriter& out) {
  if (offset > message.size() || message.size() - offset < length || length > maxRdataSize) return false;
  const RdataLayout* const layout = findLayout(type);
  if (!layout) {
    out.bytes(message.subspan(offset, length));
    return out.ok();
  }
  const std::size_t start = out.size();
  RdataWalk walk(message, offset, length, out);
  if (!walk.all(*layout) || !out.ok()) return false;
  const std::size_t size = out.size() - start;
  return size <= maxRdataSize && !contradiction(type, out.written().subspan(start));
}

void canonicaliseRdata(Type type, MutableByteSpan rdata) {
  const RdataLayout* const layout = findLayout(type);
  if (!layout) return;
  const auto hasCase = [](FieldKind kind) {
    return kind == FieldKind::compressibleName || kind == FieldKind::receivedName || kind == FieldKind::foldedName ||
           kind == FieldKind::addressSuffix;
  };
  if (std::ranges::none_of(*layout, hasCase)) return;
  RdataWalk walk(rdata);
  if (!walk.all(*layout)) return;
  for (std::size_t i = 0; i < walk.foldedCount(); ++i) {
    const MutableByteSpan name = rdata.subspan(walk.folded(i).offset, walk.folded(i).size);
    std::ranges::transform(name, name.begin(), foldCase);
  }
}

namespace {

std::optional<NameView> hostAt(ByteSpan rdata, std::size_t offset) {
  if (rdata.size() <= offset) return std::nullopt;
  const auto name = NameView::fromWire(rdata.subspan(offset));
  // A root target means that there is no host (RFC 2782, RFC 7505).
  return name && !name->isRoot() ? name : std::nullopt;
}

// Flag "a" leads to addresses and "s" to SRV records (RFC 3404 section 4.3); other flags end elsewhere.
std::optional<NameView> naptrTarget(ByteSpan rdata) {
  RdataWalk walk(rdata);
  if (!walk.step(FieldKind::u32) || !walk.step(FieldKind::characterString)) return std::nullopt;
  if (rdata[4] != 1 || (foldCase(rdata[5]) != 'a' && foldCase(rdata[5]) != 's')) return std::nullopt;
  if (!walk.step(FieldKind::characterString) || !walk.step(FieldKind::characterString)) return std::nullopt;
  return hostAt(rdata, walk.position());
}

std::optional<NameView> serviceTarget(ByteSpan rdata) {
  if (rdata.size() < 3) return std::nullopt;
  const bool serviceMode = loadU16(rdata.data()) != 0;
  const auto name = NameView::fromWire(rdata.subspan(2));
  return name && (serviceMode || !name->isRoot()) ? name : std::nullopt;
}

}  // namespace

std::optional<NameView> additionalName(Type type, ByteSpan rdata) {
  switch (type) {
    case Type::NS:
    case Type::MD:
    case Type::MF:
    case Type::MB:
      return hostAt(rdata, 0);
    case Type::MX:
    case Type::AFSDB:
    case Type::RT:
    case Type::KX:
      return hostAt(rdata, 2);
    case Type::SRV:
      return hostAt(rdata, 6);
    case Type::NAPTR:
      return naptrTarget(rdata);
    case Type::SVCB:
    case Type::HTTPS:
      return serviceTarget(rdata);
    default:
      return std::nullopt;
  }
}

}  // namespace taut
