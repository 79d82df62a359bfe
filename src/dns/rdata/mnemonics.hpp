// Mnemonics that stand for numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace taut {

struct Mnemonic {
  std::string_view text;
  std::uint16_t value;
};

// The number of a mnemonic in any case; nothing for another word.
std::optional<std::uint16_t> parseMnemonic(std::span<const Mnemonic> mnemonics, std::string_view word);

// The first mnemonic of a number, which is the one to print; empty where there is none.
std::string_view mnemonicOf(std::span<const Mnemonic> mnemonics, std::uint16_t value);

}  // namespace taut
