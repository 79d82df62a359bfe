// Wire form to presentation form: one printer for each kind of field, driven by the rows of the types.

#include <algorithm>
#include <string>
#include <string_view>

#include "encoding.hpp"
#include "loc.hpp"
#include "rdata_walk.hpp"
#include "rdata_words.hpp"
#include "svcb.hpp"
#include "taut/dns/rdata.hpp"

namespace taut {

namespace {

// Prints RDATA that fits its layout. A field without a form of its own, or whose form would lose octets, gives up.
class RdataPrinter {
 public:
  RdataPrinter(ByteSpan rdata, fmt::memory_buffer& out) : rdata_(rdata), reader_(rdata), out_(out) {}

  bool all(const RdataLayout& layout);

 private:
  bool step(FieldKind kind);

  void space() {
    if (!first_) out_.push_back(' ');
    first_ = false;
  }
  template <class Value>
  bool number(const Value& value) {
    space();
    fmt::format_to(fmt::appender(out_), "{}", value);
    return true;
  }
  bool text(ByteSpan octets) {
    space();
    printText(octets, out_);
    return true;
  }
  bool named(FieldKind kind, std::uint16_t value);
  bool name();
  bool names();
  bool characterStrings();
  bool dashed(std::size_t size);
  bool locator64();
  bool hexToEnd();
  bool base64(ByteSpan octets);
  bool sizedBase64();
  bool salt();
  bool hash();
  bool typeBitmap();
  bool nxtBitmap();
  bool gateway(std::uint8_t gatewayType);
  bool hostIdentity();
  bool addressPrefixes();
  bool services();
  bool nsap();
  bool atma();
  bool addressSuffix();
  bool location();
  bool svcParams();

  ByteSpan rdata_;
  ByteReader reader_;
  fmt::memory_buffer& out_;
  bool first_ = true;
};

bool RdataPrinter::all(const RdataLayout& layout) {
  for (const FieldKind kind : layout)
    if (!step(kind)) return false;
  return !rdata_.empty() || layout.kinds[0] == FieldKind::addressPrefixes;
}

bool RdataPrinter::named(FieldKind kind, std::uint16_t value) {
  const std::string_view mnemonic = mnemonicOf(mnemonicsOf(kind), value);
  return mnemonic.empty() ? number(value) : number(mnemonic);
}

bool RdataPrinter::name() {
  const auto name = NameView::fromWire(rdata_.subspan(reader_.position()));
  if (!name) return false;
  reader_.skip(name->size());
  return number(*name);
}

bool RdataPrinter::names() {
  while (reader_.remaining() > 0)
    if (!name()) return false;
  return true;
}

bool RdataPrinter::characterStrings() {
  while (reader_.remaining() > 0) text(reader_.take(reader_.u8()));
  return true;
}

bool RdataPrinter::dashed(std::size_t size) {
  space();
  const ByteSpan octets = reader_.take(size);
  for (std::size_t i = 0; i < octets.size(); ++i)
    fmt::format_to(fmt::appender(out_), "{}{:02x}", i > 0 ? "-" : "", octets[i]);
  return true;
}

bool RdataPrinter::locator64() {
  space();
  for (int group = 0; group < 4; ++group)
    fmt::format_to(fmt::appender(out_), "{}{:04x}", group > 0 ? ":" : "", reader_.u16());
  return true;
}

bool RdataPrinter::hexToEnd() {
  space();
  appendHex(reader_.takeRest(), out_);
  return true;
}

bool RdataPrinter::base64(ByteSpan octets) {
  if (octets.empty()) return true;
  space();
  appendBase64(octets, out_);
  return true;
}

bool RdataPrinter::sizedBase64() {
  const std::uint16_t size = reader_.u16();
  return number(size) && base64(reader_.take(size));
}

bool RdataPrinter::salt() {
  const ByteSpan salt = reader_.take(reader_.u8());
  if (salt.empty()) return number('-');
  space();
  appendHex(salt, out_);
  return true;
}

bool RdataPrinter::hash() {
  space();
  appendBase32Hex(reader_.take(reader_.u8()), out_);
  return true;
}

bool RdataPrinter::typeBitmap() {
  while (reader_.remaining() > 0) {
    const int window = reader_.u8();
    const ByteSpan bitmap = reader_.take(reader_.u8());
    for (unsigned bit = 0; bit < bitmap.size() * 8; ++bit)
      if ((bitmap[bit / 8] & 0x80 >> (bit & 7)) != 0) number(static_cast<Type>(window << 8 | static_cast<int>(bit)));
  }
  return true;
}

bool RdataPrinter::nxtBitmap() {
  const ByteSpan bitmap = reader_.takeRest();
  if (!bitmap.empty() && (bitmap[0] & 0x80) != 0) return false;
  for (unsigned bit = 0; bit < bitmap.size() * 8; ++bit)
    if ((bitmap[bit / 8] & 0x80 >> (bit & 7)) != 0) number(static_cast<Type>(bit));
  return true;
}

bool RdataPrinter::gateway(std::uint8_t gatewayType) {
  switch (gatewayType) {
    case 0:
      return number('.');
    case 1:
      space();
      printIpv4(reader_.take(4), out_);
      return true;
    case 2:
      space();
      printIpv6(reader_.take(16), out_);
      return true;
    case 3:
      return name();
    default:
      return false;
  }
}

bool RdataPrinter::hostIdentity() {
  const std::size_t hitSize = reader_.u8();
  number(reader_.u8());
  const std::size_t keySize = reader_.u16();
  space();
  appendHex(reader_.take(hitSize), out_);
  return base64(reader_.take(keySize));
}

bool RdataPrinter::addressPrefixes() {
  while (reader_.remaining() > 0) {
    const std::uint16_t family = reader_.u16();
    const std::uint8_t prefix = reader_.u8();
    const std::uint8_t length = reader_.u8();
    const ByteSpan address = reader_.take(length & 0x7fu);
    if (family != 1 && family != 2) return false;
    space();
    fmt::format_to(fmt::appender(out_), "{}{}:", (length & 0x80) != 0 ? "!" : "", family);
    std::array<std::uint8_t, 16> whole{};
    std::ranges::copy(address, whole.begin());
    if (family == 1)
      printIpv4(whole, out_);
    else
      printIpv6(whole, out_);
    fmt::format_to(fmt::appender(out_), "/{}", prefix);
  }
  return true;
}

bool RdataPrinter::services() {
  number(reader_.u8());
  const ByteSpan ports = reader_.takeRest();
  if (!ports.empty() && ports.back() == 0) return false;
  for (unsigned port = 0; port < ports.size() * 8; ++port)
    if ((ports[port / 8] & 0x80 >> (port & 7)) != 0) number(port);
  return true;
}

bool RdataPrinter::nsap() {
  number("0x");
  appendHex(reader_.takeRest(), out_);
  return true;
}

bool RdataPrinter::atma() {
  const std::uint8_t format = reader_.u8();
  const ByteSpan address = reader_.takeRest();
  if (format > 1) return false;
  space();
  if (format == 0) {
    appendHex(address, out_);
    return true;
  }
  out_.push_back('+');
  out_.append(asText(address));
  return true;
}

bool RdataPrinter::addressSuffix() {
  const std::size_t prefix = reader_.u8();
  number(prefix);
  std::array<std::uint8_t, 16> address{};
  const std::size_t skipped = prefix / 8;
  std::ranges::copy(reader_.take(address.size() - skipped), address.begin() + static_cast<std::ptrdiff_t>(skipped));
  if (prefix < 128) {
    space();
    printIpv6(address, out_);
  }
  return prefix == 0 || name();
}

bool RdataPrinter::location() {
  const ByteSpan octets = reader_.takeRest();
  if (octets[0] != 0) return false;
  space();
  printLoc(octets, out_);
  return true;
}

bool RdataPrinter::svcParams() {
  const ByteSpan octets = reader_.takeRest();
  if (svcInconsistency(rdata::SvcParams(octets))) return false;
  for (ByteReader params(octets); params.remaining() > 0;) {
    const std::uint16_t key = params.u16();
    space();
    printSvcParam(key, params.take(params.u16()), out_);
  }
  return true;
}

bool RdataPrinter::step(FieldKind kind) {
  switch (kind) {
    case FieldKind::u8:
    case FieldKind::algorithm:
    case FieldKind::keyProtocol:
    case FieldKind::digestType:
    case FieldKind::nsec3Algorithm:
    case FieldKind::gatewayType:
      return number(reader_.u8());
    case FieldKind::dsyncScheme:
      return named(kind, reader_.u8());
    case FieldKind::u16:
    case FieldKind::keyFlags:
      return number(reader_.u16());
    case FieldKind::certificateType:
    case FieldKind::errorCode:
      return named(kind, reader_.u16());
    case FieldKind::u32:
    case FieldKind::duration:
      return number(reader_.u32());
    case FieldKind::u48:
      return number(reader_.u48());
    case FieldKind::u64:
      return number(reader_.u64());
    case FieldKind::time:
      space();
      printTime(reader_.u32(), out_);
      return true;
    case FieldKind::type:
      return number(static_cast<Type>(reader_.u16()));
    case FieldKind::relayType: {
      const std::uint8_t octet = reader_.u8();
      return number(octet >> 7) && number(octet & 0x7f);
    }
    case FieldKind::ipv4:
      space();
      printIpv4(reader_.take(4), out_);
      return true;
    case FieldKind::ipv6:
      space();
      printIpv6(reader_.take(16), out_);
      return true;
    case FieldKind::locator64:
      return locator64();
    case FieldKind::eui48:
      return dashed(6);
    case FieldKind::eui64:
      return dashed(8);
    case FieldKind::location:
      return location();
    case FieldKind::compressibleName:
    case FieldKind::receivedName:
    case FieldKind::foldedName:
    case FieldKind::plainName:
      return name();
    case FieldKind::plainNames:
      return names();
    case FieldKind::characterString:
    case FieldKind::digitString:
      return text(reader_.take(reader_.u8()));
    case FieldKind::optionalCharacterString:
    case FieldKind::characterStrings:
      return characterStrings();
    case FieldKind::tag:
      return number(asText(reader_.take(reader_.u8())));
    case FieldKind::text:
      return text(reader_.takeRest());
    case FieldKind::hex:
      return hexToEnd();
    case FieldKind::optionalHex:
      return reader_.remaining() == 0 || hexToEnd();
    case FieldKind::base64:
    case FieldKind::optionalBase64:
      return base64(reader_.takeRest());
    case FieldKind::dashBase64:
      return reader_.remaining() == 0 ? number('-') : base64(reader_.takeRest());
    case FieldKind::salt:
      return salt();
    case FieldKind::hash:
      return hash();
    case FieldKind::sizedBase64:
      return sizedBase64();
    case FieldKind::typeBitmap:
    case FieldKind::optionalTypeBitmap:
      return typeBitmap();
    case FieldKind::nxtBitmap:
      return nxtBitmap();
    case FieldKind::gateway:
    case FieldKind::relay:
      return gateway(rdata_[1] & 0x7f);
    case FieldKind::hostIdentity:
      return hostIdentity();
    case FieldKind::addressPrefixes:
      return addressPrefixes();
    case FieldKind::services:
      return services();
    case FieldKind::nsap:
      return nsap();
    case FieldKind::atma:
      return atma();
    case FieldKind::addressSuffix:
      return addressSuffix();
    case FieldKind::svcParams:
      return svcParams();
    case FieldKind::options:
    case FieldKind::opaque:
      return false;
  }
  return false;
}

}  // namespace

void printRdata(Type type, ByteSpan rdata, fmt::memory_buffer& out) {
  const std::size_t before = out.size();
  const RdataLayout* const layout = findLayout(type);
  if (layout && validRdata(type, rdata) && RdataPrinter(rdata, out).all(*layout)) return;
  out.resize(before);
  printGenericRdata(rdata, out);
}

void printGenericRdata(ByteSpan rdata, fmt::memory_buffer& out) {
  fmt::format_to(fmt::appender(out), "\\# {}", rdata.size());
  if (rdata.empty()) return;
  out.push_back(' ');
  appendHex(rdata, out);
}

}  // namespace taut
