// Numbers of registries that have mnemonics in text.
#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "encoding.hpp"
#include "mnemonics.hpp"
#include "parser.hpp"
#include "printer.hpp"
#include "taut/base/text.hpp"

namespace taut {

namespace {

constexpr std::array algorithms = {
    Mnemonic{"RSAMD5", 1},
    Mnemonic{"DH", 2},
    Mnemonic{"DSA", 3},
    Mnemonic{"ECC", 4},
    Mnemonic{"RSASHA1", 5},
    Mnemonic{"DSA-NSEC3-SHA1", 6},
    Mnemonic{"NSEC3DSA", 6},
    Mnemonic{"RSASHA1-NSEC3-SHA1", 7},
    Mnemonic{"NSEC3RSASHA1", 7},
    Mnemonic{"RSASHA256", 8},
    Mnemonic{"RSASHA512", 10},
    Mnemonic{"ECC-GOST", 12},
    Mnemonic{"ECCGOST", 12},
    Mnemonic{"ECDSAP256SHA256", 13},
    Mnemonic{"ECDSAP384SHA384", 14},
    Mnemonic{"ED25519", 15},
    Mnemonic{"ED448", 16},
    Mnemonic{"SM2SM3", 17},
    Mnemonic{"ECC-GOST12", 23},
    Mnemonic{"INDIRECT", 252},
    Mnemonic{"PRIVATEDNS", 253},
    Mnemonic{"PRIVATEOID", 254},
};

constexpr std::array certificateTypes = {
    Mnemonic{"PKIX", 1}, Mnemonic{"SPKI", 2},   Mnemonic{"PGP", 3},     Mnemonic{"IPKIX", 4}, Mnemonic{"ISPKI", 5},
    Mnemonic{"IPGP", 6}, Mnemonic{"ACPKIX", 7}, Mnemonic{"IACPKIX", 8}, Mnemonic{"URI", 253}, Mnemonic{"OID", 254},
};

constexpr std::array digestTypes = {
    Mnemonic{"SHA-1", 1}, Mnemonic{"SHA1", 1},    Mnemonic{"SHA-256", 2}, Mnemonic{"SHA256", 2},
    Mnemonic{"GOST", 3},  Mnemonic{"SHA-384", 4}, Mnemonic{"SHA384", 4},
};

constexpr std::array nsec3Algorithms = {Mnemonic{"SHA-1", 1}};
constexpr std::array dsyncSchemes = {Mnemonic{"NOTIFY", 1}};

constexpr std::array keyProtocols = {
    Mnemonic{"NONE", 0},   Mnemonic{"TLS", 1},   Mnemonic{"EMAIL", 2},
    Mnemonic{"DNSSEC", 3}, Mnemonic{"IPSEC", 4}, Mnemonic{"ALL", 255},
};

// Values of the error fields of TSIG and TKEY. There 16 is BADSIG, elsewhere BADVERS (RFC 8945 section 3).
constexpr std::array errorCodes = {
    Mnemonic{"NOERROR", 0},    Mnemonic{"FORMERR", 1},  Mnemonic{"SERVFAIL", 2}, Mnemonic{"NXDOMAIN", 3},
    Mnemonic{"NOTIMP", 4},     Mnemonic{"REFUSED", 5},  Mnemonic{"YXDOMAIN", 6}, Mnemonic{"YXRRSET", 7},
    Mnemonic{"NXRRSET", 8},    Mnemonic{"NOTAUTH", 9},  Mnemonic{"NOTZONE", 10}, Mnemonic{"DSOTYPENI", 11},
    Mnemonic{"BADSIG", 16},    Mnemonic{"BADVERS", 16}, Mnemonic{"BADKEY", 17},  Mnemonic{"BADTIME", 18},
    Mnemonic{"BADMODE", 19},   Mnemonic{"BADNAME", 20}, Mnemonic{"BADALG", 21},  Mnemonic{"BADTRUNC", 22},
    Mnemonic{"BADCOOKIE", 23},
};

struct KeyFlag {
  std::string_view text;
  std::uint16_t value;
  std::uint16_t mask;
};

constexpr std::array keyFlagNames = {
    KeyFlag{"NOCONF", 0x4000, 0xc000}, KeyFlag{"NOAUTH", 0x8000, 0xc000}, KeyFlag{"NOKEY", 0xc000, 0xc000},
    KeyFlag{"FLAG2", 0x2000, 0x2000},  KeyFlag{"EXTEND", 0x1000, 0x1000}, KeyFlag{"FLAG4", 0x0800, 0x0800},
    KeyFlag{"FLAG5", 0x0400, 0x0400},  KeyFlag{"USER", 0x0000, 0x0300},   KeyFlag{"ZONE", 0x0100, 0x0300},
    KeyFlag{"HOST", 0x0200, 0x0300},   KeyFlag{"NTYP3", 0x0300, 0x0300},  KeyFlag{"FLAG8", 0x0080, 0x0080},
    KeyFlag{"FLAG9", 0x0040, 0x0040},  KeyFlag{"FLAG10", 0x0020, 0x0020}, KeyFlag{"FLAG11", 0x0010, 0x0010},
    KeyFlag{"SIG0", 0x0000, 0x000f},   KeyFlag{"SIG1", 0x0001, 0x000f},   KeyFlag{"SIG2", 0x0002, 0x000f},
    KeyFlag{"SIG3", 0x0003, 0x000f},   KeyFlag{"SIG4", 0x0004, 0x000f},   KeyFlag{"SIG5", 0x0005, 0x000f},
    KeyFlag{"SIG6", 0x0006, 0x000f},   KeyFlag{"SIG7", 0x0007, 0x000f},   KeyFlag{"SIG8", 0x0008, 0x000f},
    KeyFlag{"SIG9", 0x0009, 0x000f},   KeyFlag{"SIG10", 0x000a, 0x000f},  KeyFlag{"SIG11", 0x000b, 0x000f},
    KeyFlag{"SIG12", 0x000c, 0x000f},  KeyFlag{"SIG13", 0x000d, 0x000f},  KeyFlag{"SIG14", 0x000e, 0x000f},
    KeyFlag{"SIG15", 0x000f, 0x000f},
};

// A number or a mnemonic. No mnemonic begins with a digit.
bool parseNamed(std::size_t octets, std::span<const Mnemonic> mnemonics, RdataParser& parser) {
  const std::uint64_t maximum = octets == 1 ? 0xff : 0xffff;
  std::uint64_t value = 0;
  if (!parser.more() || parser.isQuoted() || parser.text().empty() || isDigit(parser.text()[0])) {
    if (!parser.number(maximum, value)) return false;
  } else {
    const auto found = parseMnemonic(mnemonics, parser.text());
    if (!found)
      return parser.wrong(
          fmt::format("a number from 0 to {} or a mnemonic such as {}", maximum, mnemonics.front().text));
    value = *found;
    parser.done();
  }
  if (octets == 1)
    parser.out().u8(static_cast<std::uint8_t>(value));
  else
    parser.out().u16(static_cast<std::uint16_t>(value));
  return true;
}

bool printNamed(std::span<const Mnemonic> mnemonics, std::uint16_t value, RdataPrinter& printer) {
  const std::string_view mnemonic = mnemonicOf(mnemonics, value);
  return mnemonic.empty() ? printer.word(value) : printer.word(mnemonic);
}

// RFC 2535 section 7.1 allows any notation of C for the flags, and BIND writes hexadecimal.
std::optional<std::uint16_t> parseHexFlags(std::string_view word) {
  constexpr std::string_view prefix = "0x";
  if (!word.starts_with(prefix) || word.size() == prefix.size() || word.size() > prefix.size() + 4) return std::nullopt;
  int flags = 0;
  for (const char c : word.substr(prefix.size())) {
    if (hexDigit(c) < 0) return std::nullopt;
    flags = flags << 4 | hexDigit(c);
  }
  return static_cast<std::uint16_t>(flags);
}

// Mnemonics joined by |.
std::optional<std::uint16_t> parseKeyFlags(std::string_view word) {
  std::uint16_t flags = 0;
  std::uint16_t taken = 0;
  while (true) {
    const std::size_t end = std::min(word.find('|'), word.size());
    const std::string_view part = word.substr(0, end);
    const auto found =
        std::ranges::find_if(keyFlagNames, [&](const KeyFlag& flag) { return equalIgnoringCase(flag.text, part); });
    if (found == keyFlagNames.end() || (taken & found->mask) != 0) return std::nullopt;
    flags = static_cast<std::uint16_t>(flags | found->value);
    taken = static_cast<std::uint16_t>(taken | found->mask);
    if (end == word.size()) return flags;
    word.remove_prefix(end + 1);
  }
}

}  // namespace

namespace rdata::kind {

bool Algorithm::parse(RdataParser& parser) {
  return parseNamed(1, algorithms, parser);
}

bool CertificateType::parse(RdataParser& parser) {
  return parseNamed(2, certificateTypes, parser);
}
bool CertificateType::print(RdataPrinter& printer) {
  return printNamed(certificateTypes, printer.reader().u16(), printer);
}

bool DigestType::parse(RdataParser& parser) {
  return parseNamed(1, digestTypes, parser);
}

bool Nsec3Algorithm::parse(RdataParser& parser) {
  return parseNamed(1, nsec3Algorithms, parser);
}

bool DsyncScheme::parse(RdataParser& parser) {
  return parseNamed(1, dsyncSchemes, parser);
}
bool DsyncScheme::print(RdataPrinter& printer) {
  return printNamed(dsyncSchemes, printer.reader().u8(), printer);
}

bool KeyProtocol::parse(RdataParser& parser) {
  return parseNamed(1, keyProtocols, parser);
}

bool ErrorCode::parse(RdataParser& parser) {
  return parseNamed(2, errorCodes, parser);
}
bool ErrorCode::print(RdataPrinter& printer) {
  return printNamed(errorCodes, printer.reader().u16(), printer);
}

bool KeyFlags::parse(RdataParser& parser) {
  if (!parser.more() || parser.isQuoted()) return U16::parse(parser);
  auto flags = parseKeyFlags(parser.text());
  if (!flags) flags = parseHexFlags(parser.text());
  if (!flags) return U16::parse(parser);
  parser.out().u16(*flags);
  return parser.done();
}

}  // namespace rdata::kind

}  // namespace taut
