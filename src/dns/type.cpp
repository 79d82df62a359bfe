#include "taut/dns/type.hpp"

#include <algorithm>
#include <array>

#include "taut/base/parse_number.hpp"
#include "taut/base/text.hpp"

namespace taut {

namespace {

struct TypeMnemonic {
  std::string_view text;
  Type type;
};

// An enumerator spells its mnemonic, with two exceptions: NULL is a macro, and NSAP-PTR has a dash.
constexpr std::string_view registryText(std::string_view enumerator) {
  if (enumerator == "NULL_") return "NULL";
  if (enumerator == "NSAP_PTR") return "NSAP-PTR";
  return enumerator;
}

constexpr std::array typeMnemonics = {
#define TAUT_TYPE_MNEMONIC(name, value) TypeMnemonic{registryText(#name), Type::name},
    TAUT_TYPES(TAUT_TYPE_MNEMONIC)
#undef TAUT_TYPE_MNEMONIC
};

constexpr std::size_t slotCount = 512;  // over four times the mnemonics, a power of two

constexpr std::size_t slotOf(std::string_view text) {
  std::uint32_t hash = 2166136261;
  for (const char c : text) hash = (hash ^ static_cast<std::uint8_t>(toUpper(c))) * 16777619;
  return (hash ^ hash >> 15) % slotCount;
}

// Open addressing; 0 is a free slot, else the index in typeMnemonics plus one.
constexpr auto typeSlots = [] {
  std::array<std::uint8_t, slotCount> slots{};
  for (std::size_t i = 0; i < typeMnemonics.size(); ++i) {
    std::size_t slot = slotOf(typeMnemonics[i].text);
    while (slots[slot] != 0) slot = (slot + 1) % slotCount;
    slots[slot] = static_cast<std::uint8_t>(i + 1);
  }
  return slots;
}();

// The number after `prefix` in a generic mnemonic such as TYPE123.
std::optional<std::uint16_t> genericNumber(std::string_view text, std::string_view prefix) {
  if (!equalIgnoringCase(text.substr(0, prefix.size()), prefix)) return std::nullopt;
  return parseNumber<std::uint16_t>(text.substr(prefix.size()));
}

}  // namespace

std::string toString(Type type) {
  const auto row = std::ranges::find(typeMnemonics, type, &TypeMnemonic::type);
  if (row != typeMnemonics.end()) return std::string(row->text);
  return fmt::format("TYPE{}", static_cast<std::uint16_t>(type));
}

std::string toString(Class rrClass) {
  switch (rrClass) {
    case Class::IN:
      return "IN";
    case Class::CS:
      return "CS";
    case Class::CH:
      return "CH";
    case Class::HS:
      return "HS";
    case Class::NONE:
      return "NONE";
    case Class::ANY:
      return "ANY";
  }
  return fmt::format("CLASS{}", static_cast<std::uint16_t>(rrClass));
}

std::string toString(Opcode opcode) {
  switch (opcode) {
    case Opcode::QUERY:
      return "QUERY";
    case Opcode::IQUERY:
      return "IQUERY";
    case Opcode::STATUS:
      return "STATUS";
    case Opcode::NOTIFY:
      return "NOTIFY";
    case Opcode::UPDATE:
      return "UPDATE";
    case Opcode::DSO:
      return "DSO";
  }
  return fmt::format("OPCODE{}", static_cast<std::uint8_t>(opcode));
}

std::string toString(Rcode rcode) {
  switch (rcode) {
    case Rcode::NOERROR:
      return "NOERROR";
    case Rcode::FORMERR:
      return "FORMERR";
    case Rcode::SERVFAIL:
      return "SERVFAIL";
    case Rcode::NXDOMAIN:
      return "NXDOMAIN";
    case Rcode::NOTIMP:
      return "NOTIMP";
    case Rcode::REFUSED:
      return "REFUSED";
    case Rcode::YXDOMAIN:
      return "YXDOMAIN";
    case Rcode::YXRRSET:
      return "YXRRSET";
    case Rcode::NXRRSET:
      return "NXRRSET";
    case Rcode::NOTAUTH:
      return "NOTAUTH";
    case Rcode::NOTZONE:
      return "NOTZONE";
    case Rcode::DSOTYPENI:
      return "DSOTYPENI";
    case Rcode::BADVERS:
      return "BADVERS";
    case Rcode::BADKEY:
      return "BADKEY";
    case Rcode::BADTIME:
      return "BADTIME";
    case Rcode::BADMODE:
      return "BADMODE";
    case Rcode::BADNAME:
      return "BADNAME";
    case Rcode::BADALG:
      return "BADALG";
    case Rcode::BADTRUNC:
      return "BADTRUNC";
    case Rcode::BADCOOKIE:
      return "BADCOOKIE";
  }
  return fmt::format("RCODE{}", static_cast<std::uint16_t>(rcode));
}

std::optional<Type> typeFromText(std::string_view text) {
  for (std::size_t slot = slotOf(text); typeSlots[slot] != 0; slot = (slot + 1) % slotCount) {
    const TypeMnemonic& row = typeMnemonics[typeSlots[slot] - 1u];
    if (equalIgnoringCase(row.text, text)) return row.type;
  }
  const auto number = genericNumber(text, "TYPE");
  if (!number) return std::nullopt;
  return static_cast<Type>(*number);
}

std::optional<Class> classFromText(std::string_view text) {
  for (const Class known : {Class::IN, Class::CH, Class::HS, Class::CS, Class::NONE, Class::ANY})
    if (equalIgnoringCase(text, toString(known))) return known;
  const auto number = genericNumber(text, "CLASS");
  if (!number) return std::nullopt;
  return static_cast<Class>(*number);
}

}  // namespace taut

#define TAUT_REGISTRY_FORMAT(Registry)                                                                       \
  fmt::format_context::iterator fmt::formatter<taut::Registry>::format(taut::Registry value,                 \
                                                                       fmt::format_context& context) const { \
    const std::string text = taut::toString(value);                                                          \
    return std::copy(text.begin(), text.end(), context.out());                                               \
  }
TAUT_REGISTRY_FORMAT(Type)
TAUT_REGISTRY_FORMAT(Class)
TAUT_REGISTRY_FORMAT(Opcode)
TAUT_REGISTRY_FORMAT(Rcode)
#undef TAUT_REGISTRY_FORMAT
