#include "tsig_secret.hpp"

#include <cstddef>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "config/secrets.hpp"
#include "taut/base/line_file.hpp"
#include "taut/dns/tsig_key.hpp"

namespace taut {

std::vector<std::uint8_t> readTsigSecret(const std::string& path) {
  if (const auto wrong = config::wrongMode(path)) throw std::runtime_error(fmt::format("{}: {}", path, *wrong));
  std::vector<std::uint8_t> secret;
  forEachLine(path, [&](std::string_view line, std::size_t number) {
    const auto text = line.substr(0, line.find_last_not_of(" \t\r") + 1);
    if (text.empty()) return;
    auto octets = parseTsigSecret(text);
    if (!octets)
      throw std::runtime_error(fmt::format("{}:{}:1: not the secret of a key: expected it in base64", path, number));
    if (!secret.empty())
      throw std::runtime_error(fmt::format("{}:{}:1: another secret: expected one for each key", path, number));
    secret = std::move(*octets);
  });
  if (secret.empty()) throw std::runtime_error(fmt::format("{}: no secret: expected a line in base64", path));
  return secret;
}

}  // namespace taut
