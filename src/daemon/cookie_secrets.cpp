#include "cookie_secrets.hpp"

#include <stdexcept>
#include <string_view>

#include <fmt/format.h>

#include "config/secrets.hpp"
#include "taut/base/line_file.hpp"

namespace taut {

std::vector<ServerCookies::Secret> readCookieSecrets(const std::string& path) {
  if (const auto wrong = config::wrongMode(path)) throw std::runtime_error(fmt::format("{}: {}", path, *wrong));
  std::vector<ServerCookies::Secret> secrets;
  forEachLine(path, [&](std::string_view line, std::size_t number) {
    const auto text = line.substr(0, line.find_last_not_of(" \t\r") + 1);
    if (text.empty()) return;
    const auto secret = ServerCookies::parseSecret(text);
    if (!secret)
      throw std::runtime_error(
          fmt::format("{}:{}:1: not a cookie secret: expected 32 hexadecimal digits", path, number));
    if (secrets.size() == ServerCookies::maxSecrets)
      throw std::runtime_error(fmt::format("{}:{}:1: too many cookie secrets: expected at most {}", path, number,
                                           ServerCookies::maxSecrets));
    secrets.push_back(*secret);
  });
  if (secrets.empty())
    throw std::runtime_error(fmt::format("{}: no cookie secret: expected lines of 32 hexadecimal digits", path));
  return secrets;
}

}  // namespace taut
