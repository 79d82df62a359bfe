// The host identity of HIP (RFC 8005 section 5). Its lengths come first on the wire.
#include "encoding.hpp"
#include "parser.hpp"
#include "printer.hpp"
#include "taut/dns/rdata/host.hpp"
#include "walk.hpp"

namespace taut::rdata::kind {

void HostIdentity::encode(const Value& value, ByteWriter& out) {
  if (value.hit.size() > 255 || value.publicKey.size() > maxRdataSize) return out.fail();
  out.u8(static_cast<std::uint8_t>(value.hit.size()));
  out.u8(value.algorithm);
  out.u16(static_cast<std::uint16_t>(value.publicKey.size()));
  out.bytes(value.hit);
  out.bytes(value.publicKey);
}

void HostIdentity::decode(ByteSpan octets, Value& value) {
  ByteReader reader(octets);
  const std::size_t hitSize = reader.u8();
  value.algorithm = reader.u8();
  const std::size_t keySize = reader.u16();
  const ByteSpan hit = reader.take(hitSize);
  const ByteSpan key = reader.take(keySize);
  value.hit.assign(hit.begin(), hit.end());
  value.publicKey.assign(key.begin(), key.end());
}

bool HostIdentity::walk(RdataWalk& walk) {
  if (walk.remaining() < 4) return false;
  const std::size_t hitSize = walk.peek();
  const std::size_t keySize = loadU16(&walk.rest()[2]);
  return hitSize > 0 && keySize > 0 && walk.pass(4 + hitSize + keySize);
}

bool HostIdentity::parse(RdataParser& parser) {
  ByteWriter& out = parser.out();
  std::uint64_t algorithm = 0;
  if (!parser.number(0xff, algorithm)) return false;
  const std::size_t lengthsAt = out.size();
  out.u32(0);

  constexpr std::string_view expectedHit = "a HIT, 1 to 255 octets in hexadecimal";
  if (!parser.word(expectedHit)) return false;
  const std::size_t hitAt = out.size();
  HexDecoder hitDecoder;
  if (!hitDecoder.feed(parser.text(), out) || !hitDecoder.finish()) return parser.wrong(expectedHit);
  const std::size_t hitSize = out.size() - hitAt;
  if (hitSize == 0 || hitSize > 255) return parser.wrong(expectedHit);
  parser.done();

  constexpr std::string_view expectedKey = "a public key in base64, in one word";
  if (!parser.word(expectedKey)) return false;
  const std::size_t keyAt = out.size();
  Base64Decoder keyDecoder;
  if (!keyDecoder.feed(parser.text(), out) || !keyDecoder.finish()) return parser.wrong(expectedKey);
  const std::size_t keySize = out.size() - keyAt;
  if (keySize == 0 || keySize > maxRdataSize) return parser.wrong(expectedKey);
  out.patchU16(lengthsAt, static_cast<std::uint16_t>(hitSize << 8 | algorithm));
  out.patchU16(lengthsAt + 2, static_cast<std::uint16_t>(keySize));
  return parser.done();
}

bool HostIdentity::print(RdataPrinter& printer) {
  ByteReader& reader = printer.reader();
  const std::size_t hitSize = reader.u8();
  printer.word(reader.u8());
  const std::size_t keySize = reader.u16();
  appendHex(reader.take(hitSize), printer.beginWord());
  appendBase64(reader.take(keySize), printer.beginWord());
  return true;
}

}  // namespace taut::rdata::kind
