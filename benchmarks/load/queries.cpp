#include "queries.hpp"

#include <array>
#include <fstream>
#include <optional>
#include <sstream>
#include <stdexcept>

#include <fmt/format.h>

#include "taut/dns/name.hpp"
#include "taut/dns/reply_builder.hpp"
#include "taut/dns/type.hpp"

namespace taut {

namespace {

constexpr std::uint16_t udpPayloadSize = 1232;

}  // namespace

QueryList::QueryList(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error(fmt::format("{}: cannot be read", path));
  std::string line;
  while (std::getline(file, line)) {
    if (!line.empty() && line[0] != '#') add(line);
  }
  if (size() == 0) throw std::runtime_error(fmt::format("{}: holds no question", path));
}

void QueryList::add(const std::string& line) {
  std::istringstream words(line);
  std::string owner, typeText, edns;
  words >> owner >> typeText >> edns;
  const auto name = Name::parse(owner);
  const auto type = typeFromText(typeText);
  if (!name || !type) throw std::runtime_error(fmt::format("'{}': not a name and a type", line));

  std::array<std::uint8_t, 512> message;
  ReplyBuilder builder(message, message.size());
  builder.begin(0, flag::RD);
  builder.putQuestion({*name, *type, Class::IN});
  if (!edns.empty()) builder.putOpt(udpPayloadSize, Rcode::NOERROR, edns == "DO", {});
  const std::size_t size = builder.finish();
  octets_.insert(octets_.end(), message.begin(), message.begin() + static_cast<std::ptrdiff_t>(size));
  starts_.push_back(octets_.size());
}

}  // namespace taut
