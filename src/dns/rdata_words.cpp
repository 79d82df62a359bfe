#include "rdata_words.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

#include "encoding.hpp"
#include "taut/base/text.hpp"
#include "taut/dns/name.hpp"

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

// What the error fields of TSIG and TKEY can say; 16 is BADSIG there and BADVERS elsewhere (RFC 8945 section 3).
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

// Days since 1970-01-01 of a date in the Gregorian calendar.
constexpr std::int64_t daysSince1970(int year, int month, int day) {
  const std::int64_t y = month > 2 ? year : year - 1;  // years that begin in March put the leap day last
  const std::int64_t dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  return y * 365 + y / 4 - y / 100 + y / 400 + dayOfYear - 719468;
}
static_assert(daysSince1970(1970, 1, 1) == 0 && daysSince1970(2000, 3, 1) == 11017);

constexpr int daysIn(int year, int month) {
  constexpr std::array<int, 12> days = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : days[static_cast<std::size_t>(month - 1)];
}

int twoDigits(std::string_view word, std::size_t at) {
  return (word[at] - '0') * 10 + (word[at + 1] - '0');
}

}  // namespace

std::optional<std::uint64_t> readDecimal(std::string_view word, std::uint64_t maximum) {
  if (word.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : word) {
    if (!isDigit(c)) return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (digit > maximum || value > (maximum - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  return value;
}

std::optional<std::uint32_t> readTime(std::string_view word) {
  constexpr std::size_t dateSize = 14;
  if (word.size() != dateSize) {
    const auto seconds = readDecimal(word, 0xffffffff);
    if (!seconds || word.size() > 10) return std::nullopt;
    return static_cast<std::uint32_t>(*seconds);
  }
  if (!std::ranges::all_of(word, isDigit)) return std::nullopt;
  const int year = twoDigits(word, 0) * 100 + twoDigits(word, 2);
  const int month = twoDigits(word, 4);
  const int day = twoDigits(word, 6);
  const int hour = twoDigits(word, 8);
  const int minute = twoDigits(word, 10);
  const int second = twoDigits(word, 12);
  if (year < 1970 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return std::nullopt;
  if (hour > 23 || minute > 59 || second > 60) return std::nullopt;  // 60: a leap second
  return static_cast<std::uint32_t>(daysSince1970(year, month, day) * 86400 + hour * 3600 + minute * 60 + second);
}

bool readIpv4(std::string_view word, std::uint8_t* octets) {
  std::size_t at = 0;
  for (int i = 0; i < 4; ++i) {
    if (i > 0 && (at == word.size() || word[at++] != '.')) return false;
    const std::size_t start = at;
    unsigned value = 0;
    while (at < word.size() && isDigit(word[at]) && at - start < 3) value = value * 10 + unsigned(word[at++] - '0');
    const bool leadingZero = at - start > 1 && word[start] == '0';
    if (at == start || value > 255 || leadingZero) return false;
    octets[i] = static_cast<std::uint8_t>(value);
  }
  return at == word.size();
}

bool readIpv6(std::string_view word, std::uint8_t* octets) {
  char text[INET6_ADDRSTRLEN];
  if (word.size() >= sizeof text || word.find('\0') != std::string_view::npos) return false;
  std::memcpy(text, word.data(), word.size());
  text[word.size()] = '\0';
  return inet_pton(AF_INET6, text, octets) == 1;
}

bool readLocator64(std::string_view word, std::uint8_t* octets) {
  std::size_t at = 0;
  for (int group = 0; group < 4; ++group) {
    if (group > 0 && (at == word.size() || word[at++] != ':')) return false;
    const std::size_t start = at;
    int value = 0;
    while (at < word.size() && hexDigit(word[at]) >= 0 && at - start < 4) value = value << 4 | hexDigit(word[at++]);
    if (at == start) return false;
    storeU16(octets + 2 * group, static_cast<std::uint16_t>(value));
  }
  return at == word.size();
}

bool readDashedHex(std::string_view word, MutableByteSpan octets) {
  if (word.size() != octets.size() * 3 - 1) return false;
  for (std::size_t i = 0; i < octets.size(); ++i) {
    const int high = hexDigit(word[3 * i]);
    const int low = hexDigit(word[3 * i + 1]);
    if (high < 0 || low < 0 || (i > 0 && word[3 * i - 1] != '-')) return false;
    octets[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return true;
}

void printIpv4(ByteSpan octets, fmt::memory_buffer& out) {
  fmt::format_to(fmt::appender(out), "{}.{}.{}.{}", octets[0], octets[1], octets[2], octets[3]);
}

void printIpv6(ByteSpan octets, fmt::memory_buffer& out) {
  char text[INET6_ADDRSTRLEN];
  inet_ntop(AF_INET6, octets.data(), text, sizeof text);
  out.append(std::string_view(text));
}

void printTime(std::uint32_t time, fmt::memory_buffer& out) {
  const auto days = static_cast<int>(time / 86400);
  int year = 1970 + days / 366;
  while (daysSince1970(year + 1, 1, 1) <= days) ++year;
  int month = 12;
  while (daysSince1970(year, month, 1) > days) --month;
  const auto day = days - daysSince1970(year, month, 1) + 1;
  fmt::format_to(fmt::appender(out), "{:04}{:02}{:02}{:02}{:02}{:02}", year, month, day, time / 3600 % 24,
                 time / 60 % 60, time % 60);
}

int readEscaped(std::string_view word, std::size_t& at) {
  if (word[at] != '\\') return static_cast<std::uint8_t>(word[at++]);
  if (++at == word.size()) return -1;
  if (!isDigit(word[at])) return static_cast<std::uint8_t>(word[at++]);
  if (word.size() - at < 3 || !isDigit(word[at + 1]) || !isDigit(word[at + 2])) return -1;
  const int value = (word[at] - '0') * 100 + twoDigits(word, at + 1);
  at += 3;
  return value <= 255 ? value : -1;
}

bool readText(std::string_view word, ByteWriter& out) {
  std::size_t at = 0;
  while (at < word.size()) {
    const std::size_t plain = std::min(word.find('\\', at), word.size());
    out.bytes(asBytes(word.substr(at, plain - at)));
    at = plain;
    if (at == word.size()) break;
    const int octet = readEscaped(word, at);
    if (octet < 0) return false;
    out.u8(static_cast<std::uint8_t>(octet));
  }
  return true;
}

void printText(ByteSpan octets, fmt::memory_buffer& out) {
  out.push_back('"');
  for (const std::uint8_t octet : octets) {
    if (octet < 0x20 || octet >= 0x7f) {
      fmt::format_to(fmt::appender(out), "\\{:03}", octet);
      continue;
    }
    if (octet == '"' || octet == '\\') out.push_back('\\');
    out.push_back(static_cast<char>(octet));
  }
  out.push_back('"');
}

bool areDigits(ByteSpan octets) {
  return std::ranges::all_of(octets, [](std::uint8_t octet) { return octet >= '0' && octet <= '9'; });
}

bool isPsdnAddress(ByteSpan octets) {
  return octets.size() >= 4 && areDigits(octets);
}

bool isTag(ByteSpan octets) {
  return !octets.empty() && std::ranges::all_of(octets, [](std::uint8_t octet) {
    return (octet >= '0' && octet <= '9') || (foldCase(octet) >= 'a' && foldCase(octet) <= 'z');
  });
}

std::span<const Mnemonic> mnemonicsOf(FieldKind kind) {
  switch (kind) {
    case FieldKind::algorithm:
      return algorithms;
    case FieldKind::certificateType:
      return certificateTypes;
    case FieldKind::digestType:
      return digestTypes;
    case FieldKind::nsec3Algorithm:
      return nsec3Algorithms;
    case FieldKind::dsyncScheme:
      return dsyncSchemes;
    case FieldKind::keyProtocol:
      return keyProtocols;
    case FieldKind::errorCode:
      return errorCodes;
    default:
      return {};
  }
}

std::optional<std::uint16_t> readMnemonic(std::span<const Mnemonic> mnemonics, std::string_view word) {
  for (const Mnemonic& mnemonic : mnemonics)
    if (equalIgnoringCase(mnemonic.text, word)) return mnemonic.value;
  return std::nullopt;
}

std::string_view mnemonicOf(std::span<const Mnemonic> mnemonics, std::uint16_t value) {
  const auto found = std::ranges::find(mnemonics, value, &Mnemonic::value);
  return found == mnemonics.end() ? std::string_view{} : found->text;
}

std::optional<std::uint16_t> readKeyFlags(std::string_view word) {
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

std::optional<std::uint8_t> readProtocol(std::string_view word) {
  const auto number = readDecimal(word, 255);
  if (number) return static_cast<std::uint8_t>(*number);
  const auto named = readMnemonic(protocols, word);
  if (!named) return std::nullopt;
  return static_cast<std::uint8_t>(*named);
}

std::optional<std::uint16_t> readService(std::string_view word) {
  const auto number = readDecimal(word, 65535);
  if (number) return static_cast<std::uint16_t>(*number);
  return readMnemonic(services, word);
}

}  // namespace taut
