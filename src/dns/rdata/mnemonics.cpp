#include "mnemonics.hpp"

#include <algorithm>

#include "taut/base/text.hpp"

namespace taut {

std::optional<std::uint16_t> parseMnemonic(std::span<const Mnemonic> mnemonics, std::string_view word) {
  for (const Mnemonic& mnemonic : mnemonics)
    if (equalIgnoringCase(mnemonic.text, word)) return mnemonic.value;
  return std::nullopt;
}

std::string_view mnemonicOf(std::span<const Mnemonic> mnemonics, std::uint16_t value) {
  const auto found = std::ranges::find(mnemonics, value, &Mnemonic::value);
  return found == mnemonics.end() ? std::string_view{} : found->text;
}

}  // namespace taut
