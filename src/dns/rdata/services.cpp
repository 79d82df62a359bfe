// Protocols and ports of WKS (RFC 1035 section 3.4.2), by the names of IANA's registries.
#include <array>
#include <optional>
#include <string_view>

#include "bitmap.hpp"
#include "mnemonics.hpp"
#include "parser.hpp"
#include "presentation.hpp"
#include "printer.hpp"
#include "walk.hpp"

namespace taut {

namespace {

constexpr std::size_t maxBitmapSize = 65536 / 8;

constexpr std::array protocols = {
    Mnemonic{"ICMP", 1},  Mnemonic{"IGMP", 2},   Mnemonic{"GGP", 3},       Mnemonic{"ST", 5},   Mnemonic{"TCP", 6},
    Mnemonic{"EGP", 8},   Mnemonic{"IGP", 9},    Mnemonic{"PUP", 12},      Mnemonic{"UDP", 17}, Mnemonic{"HMP", 20},
    Mnemonic{"RDP", 27},  Mnemonic{"DCCP", 33},  Mnemonic{"GRE", 47},      Mnemonic{"ESP", 50}, Mnemonic{"AH", 51},
    Mnemonic{"OSPF", 89}, Mnemonic{"SCTP", 132}, Mnemonic{"UDPLITE", 136},
};

constexpr std::array services = {
    Mnemonic{"TCPMUX", 1},        Mnemonic{"RJE", 5},           Mnemonic{"ECHO", 7},
    Mnemonic{"DISCARD", 9},       Mnemonic{"SYSTAT", 11},       Mnemonic{"USERS", 11},
    Mnemonic{"DAYTIME", 13},      Mnemonic{"NETSTAT", 15},      Mnemonic{"QOTD", 17},
    Mnemonic{"QUOTE", 17},        Mnemonic{"CHARGEN", 19},      Mnemonic{"FTP-DATA", 20},
    Mnemonic{"FTP", 21},          Mnemonic{"SSH", 22},          Mnemonic{"TELNET", 23},
    Mnemonic{"SMTP", 25},         Mnemonic{"NSW-FE", 27},       Mnemonic{"MSG-ICP", 29},
    Mnemonic{"MSG-AUTH", 31},     Mnemonic{"DSP", 33},          Mnemonic{"TIME", 37},
    Mnemonic{"RLP", 39},          Mnemonic{"GRAPHICS", 41},     Mnemonic{"NAME", 42},
    Mnemonic{"NAMESERVER", 42},   Mnemonic{"NICNAME", 43},      Mnemonic{"WHOIS", 43},
    Mnemonic{"MPM-FLAGS", 44},    Mnemonic{"MPM", 45},          Mnemonic{"MPM-SND", 46},
    Mnemonic{"NI-FTP", 47},       Mnemonic{"LOGIN", 49},        Mnemonic{"TACACS", 49},
    Mnemonic{"LA-MAINT", 51},     Mnemonic{"DOMAIN", 53},       Mnemonic{"ISI-GL", 55},
    Mnemonic{"NI-MAIL", 61},      Mnemonic{"VIA-FTP", 63},      Mnemonic{"BOOTPS", 67},
    Mnemonic{"BOOTPC", 68},       Mnemonic{"TFTP", 69},         Mnemonic{"GOPHER", 70},
    Mnemonic{"NETRJS-1", 71},     Mnemonic{"NETRJS-2", 72},     Mnemonic{"NETRJS-3", 73},
    Mnemonic{"NETRJS-4", 74},     Mnemonic{"FINGER", 79},       Mnemonic{"HTTP", 80},
    Mnemonic{"WWW", 80},          Mnemonic{"HOSTS2-NS", 81},    Mnemonic{"LINK", 87},
    Mnemonic{"KERBEROS", 88},     Mnemonic{"SU-MIT-TG", 89},    Mnemonic{"MIT-DOV", 91},
    Mnemonic{"DCP", 93},          Mnemonic{"SUPDUP", 95},       Mnemonic{"SWIFT-RVF", 97},
    Mnemonic{"TACNEWS", 98},      Mnemonic{"METAGRAM", 99},     Mnemonic{"HOSTNAME", 101},
    Mnemonic{"HOSTNAMES", 101},   Mnemonic{"ISO-TSAP", 102},    Mnemonic{"X400", 103},
    Mnemonic{"X400-SND", 104},    Mnemonic{"CSNET-NS", 105},    Mnemonic{"RTELNET", 107},
    Mnemonic{"POP-2", 109},       Mnemonic{"POP2", 109},        Mnemonic{"POP3", 110},
    Mnemonic{"SUNRPC", 111},      Mnemonic{"AUTH", 113},        Mnemonic{"SFTP", 115},
    Mnemonic{"UUCP-PATH", 117},   Mnemonic{"NNTP", 119},        Mnemonic{"ERPC", 121},
    Mnemonic{"NTP", 123},         Mnemonic{"LOCUS-MAP", 125},   Mnemonic{"LOCUS-CON", 127},
    Mnemonic{"PWDGEN", 129},      Mnemonic{"CISCO-FNA", 130},   Mnemonic{"CISCO-TNA", 131},
    Mnemonic{"CISCO-SYS", 132},   Mnemonic{"STATSRV", 133},     Mnemonic{"INGRES-NET", 134},
    Mnemonic{"LOC-SRV", 135},     Mnemonic{"PROFILE", 136},     Mnemonic{"NETBIOS-NS", 137},
    Mnemonic{"NETBIOS-DGM", 138}, Mnemonic{"NETBIOS-SSN", 139}, Mnemonic{"EMFIS-DATA", 140},
    Mnemonic{"EMFIS-CNTL", 141},  Mnemonic{"BL-IDM", 142},      Mnemonic{"IMAP", 143},
    Mnemonic{"IMAP2", 143},       Mnemonic{"SNMP", 161},        Mnemonic{"SNMP-TRAP", 162},
    Mnemonic{"BGP", 179},         Mnemonic{"IRC", 194},         Mnemonic{"LDAP", 389},
    Mnemonic{"HTTPS", 443},       Mnemonic{"SUBMISSION", 587},  Mnemonic{"DOMAIN-S", 853},
    Mnemonic{"IMAPS", 993},       Mnemonic{"POP3S", 995},
};

std::optional<std::uint16_t> parseNumberOrName(std::string_view word, std::uint16_t maximum,
                                               std::span<const Mnemonic> names) {
  const auto number = parseDecimal(word, maximum);
  return number ? static_cast<std::uint16_t>(*number) : parseMnemonic(names, word);
}

}  // namespace

namespace rdata::kind {

bool Services::walk(RdataWalk& walk) {
  return walk.remaining() >= 1 && walk.remaining() <= 1 + maxBitmapSize && walk.passRest();
}

bool Services::parse(RdataParser& parser) {
  constexpr std::string_view expectedProtocol = "a protocol such as TCP, or its number";
  if (!parser.word(expectedProtocol)) return false;
  const auto protocol = parseNumberOrName(parser.text(), 0xff, protocols);
  if (!protocol) return parser.wrong(expectedProtocol);
  parser.done();
  std::array<std::uint8_t, maxBitmapSize> ports{};
  for (; parser.more(); parser.done()) {
    if (!parser.word("a service or a port")) return false;
    const auto port = parseNumberOrName(parser.text(), 0xffff, services);
    if (!port) return parser.wrong("a service such as SMTP, or a port from 0 to 65535");
    setBit(ports, *port);
  }
  parser.out().u8(static_cast<std::uint8_t>(*protocol));
  parser.out().bytes(usedOctets(ports));
  return true;
}

bool Services::print(RdataPrinter& printer) {
  printer.word(printer.reader().u8());
  const ByteSpan ports = printer.reader().takeRest();
  if (!ports.empty() && ports.back() == 0) return false;
  for (unsigned port = 0; port < ports.size() * 8; ++port)
    if (hasBit(ports, port)) printer.word(port);
  return true;
}

}  // namespace rdata::kind

}  // namespace taut
