// The gateway of IPSECKEY (RFC 4025 section 2.5) and the relay of AMTRELAY (RFC 8777 section 4.2). The octet at offset
// 1 of the RDATA says what they are.
#include "addresses.hpp"
#include "parser.hpp"
#include "printer.hpp"
#include "taut/dns/rdata/address.hpp"
#include "taut/dns/rdata/host.hpp"
#include "walk.hpp"

namespace taut::rdata::kind {

namespace {

constexpr std::size_t typeAt = 1;
constexpr std::uint8_t typeMask = 0x7f;  // without the D bit of AMTRELAY

enum class GatewayForm : std::uint8_t { none, ipv4, ipv6, name };

bool walkGateway(std::uint8_t form, RdataWalk& walk) {
  switch (static_cast<GatewayForm>(form)) {
    case GatewayForm::none:
      return true;
    case GatewayForm::ipv4:
      return walk.pass(4);
    case GatewayForm::ipv6:
      return walk.pass(16);
    case GatewayForm::name:
      return walk.passPlainName();
  }
  return false;
}

bool parseNoGateway(RdataParser& parser) {
  constexpr std::string_view expected = "'.', for no gateway";
  if (!parser.word(expected)) return false;
  return parser.text() == "." ? parser.done() : parser.wrong(expected);
}

}  // namespace

bool GatewayType::walk(RdataWalk& walk) {
  return walk.remaining() > 0 && walk.peek() <= 3 && walk.pass(1);
}
bool GatewayType::parse(RdataParser& parser) {
  std::uint64_t type = 0;
  if (!parser.number(3, type)) return false;
  parser.out().u8(static_cast<std::uint8_t>(type));
  return true;
}

// Two words, the D bit and the type, in one octet.
bool RelayType::parse(RdataParser& parser) {
  std::uint64_t discovery = 0;
  std::uint64_t type = 0;
  if (!parser.number(1, discovery) || !parser.number(3, type)) return false;
  parser.out().u8(static_cast<std::uint8_t>(discovery << 7 | type));
  return true;
}
bool RelayType::print(RdataPrinter& printer) {
  const std::uint8_t octet = printer.reader().u8();
  return printer.word(octet >> 7) && printer.word(octet & typeMask);
}

bool Gateway::walk(RdataWalk& walk) {
  return walkGateway(walk.passed(typeAt), walk);
}
bool Gateway::parse(RdataParser& parser) {
  if (!parser.out().ok()) return false;
  switch (static_cast<GatewayForm>(parser.rdata()[typeAt] & typeMask)) {
    case GatewayForm::none:
      return parseNoGateway(parser);
    case GatewayForm::ipv4:
      return Ipv4::parse(parser);
    case GatewayForm::ipv6:
      return Ipv6::parse(parser);
    case GatewayForm::name:
      return parser.name();
  }
  return false;
}
bool Gateway::print(RdataPrinter& printer) {
  switch (static_cast<GatewayForm>(printer.printed(typeAt) & typeMask)) {
    case GatewayForm::none:
      return printer.word('.');
    case GatewayForm::ipv4:
      return Ipv4::print(printer);
    case GatewayForm::ipv6:
      return Ipv6::print(printer);
    case GatewayForm::name:
      return printer.name();
  }
  return false;
}

bool Relay::walk(RdataWalk& walk) {
  const std::uint8_t form = walk.passed(typeAt) & typeMask;
  return form > 3 ? walk.passRest() : walkGateway(form, walk);
}

}  // namespace taut::rdata::kind
