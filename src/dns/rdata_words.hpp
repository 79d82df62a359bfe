// Words that RDATA is written in: numbers, addresses, character strings, times, and the mnemonics of the registries
// that record types refer to. Each reader takes all of a word or none of it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <fmt/format.h>

#include "taut/base/bytes.hpp"
#include "taut/dns/rdata/field.hpp"

namespace taut {

// A plain decimal number of at most `maximum`.
std::optional<std::uint64_t> readDecimal(std::string_view word, std::uint64_t maximum);

// YYYYMMDDHHmmSS, or seconds since 1970 of up to ten digits (RFC 4034 section 3.2), modulo 2^32.
std::optional<std::uint32_t> readTime(std::string_view word);

bool readIpv4(std::string_view word, std::uint8_t* octets);
bool readIpv6(std::string_view word, std::uint8_t* octets);
bool readLocator64(std::string_view word, std::uint8_t* octets);
bool readDashedHex(std::string_view word, MutableByteSpan octets);  // xx-xx-xx

void printIpv4(ByteSpan octets, fmt::memory_buffer& out);
void printIpv6(ByteSpan octets, fmt::memory_buffer& out);
void printTime(std::uint32_t time, fmt::memory_buffer& out);  // the next such time after 1970 (up to 2106)

// One octet of a word at `at`, escapes resolved; moves behind it. Negative where an escape is wrong.
int readEscaped(std::string_view word, std::size_t& at);

// Writes the octets of a word with escapes; false where an escape is wrong.
bool readText(std::string_view word, ByteWriter& out);

// Octets in quotes.
void printText(ByteSpan octets, fmt::memory_buffer& out);

bool areDigits(ByteSpan octets);
bool isPsdnAddress(ByteSpan octets);  // at least four digits (RFC 1183 section 3.1)
bool isTag(ByteSpan octets);          // letters and digits, at least one (RFC 8659 section 4.1)

struct Mnemonic {
  std::string_view text;
  std::uint16_t value;
};

// The names that a kind of field has for its numbers; none for most. The first of a number is the one to print.
std::span<const Mnemonic> mnemonicsOf(FieldKind kind);
std::optional<std::uint16_t> readMnemonic(std::span<const Mnemonic> mnemonics, std::string_view word);
std::string_view mnemonicOf(std::span<const Mnemonic> mnemonics, std::uint16_t value);  // empty where there is none

// The flags of KEY: mnemonics joined by | (RFC 2535 section 7.1).
std::optional<std::uint16_t> readKeyFlags(std::string_view word);

// WKS: names of the IANA registries of protocols and of well-known ports, or numbers.
std::optional<std::uint8_t> readProtocol(std::string_view word);
std::optional<std::uint16_t> readService(std::string_view word);

}  // namespace taut
