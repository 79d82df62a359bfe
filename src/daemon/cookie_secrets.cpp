#include "cookie_secrets.hpp"

#include <cerrno>
#include <fstream>
#include <stdexcept>
#include <system_error>

#include <fmt/format.h>

namespace taut {

std::vector<ServerCookies::Secret> readCookieSecrets(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error(fmt::format("{}: {}", path, std::generic_category().message(errno)));
  std::vector<ServerCookies::Secret> secrets;
  std::string line;
  for (std::size_t number = 1; std::getline(file, line); ++number) {
    line.erase(line.find_last_not_of(" \t\r") + 1);
    if (line.empty() || line.front() == '#') continue;
    const auto secret = ServerCookies::parseSecret(line);
    if (!secret)
      throw std::runtime_error(
          fmt::format("{}:{}:1: not a cookie secret: expected 32 hexadecimal digits", path, number));
    if (secrets.size() == ServerCookies::maxSecrets)
      throw std::runtime_error(fmt::format("{}:{}:1: too many cookie secrets: expected at most {}", path, number,
                                           ServerCookies::maxSecrets));
    secrets.push_back(*secret);
  }
  if (file.bad()) throw std::runtime_error(fmt::format("{}: cannot be read", path));
  if (secrets.empty())
    throw std::runtime_error(fmt::format("{}: no cookie secret: expected lines of 32 hexadecimal digits", path));
  return secrets;
}

}  // namespace taut
