#include "taut/resolver/resolv_conf.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <utility>

#include "taut/base/address.hpp"
#include "taut/base/log.hpp"
#include "taut/base/text.hpp"

namespace taut {

namespace {

// The limits of resolv.conf(5).
constexpr std::size_t maxNdots = 15;
constexpr std::size_t maxTimeout = 30;
constexpr std::size_t maxAttempts = 5;

// The number of `name:number`, brought within the bounds; nothing where `option` is something else.
std::optional<std::size_t> numberOf(std::string_view option, std::string_view name, std::size_t least,
                                    std::size_t most) {
  if (!equalIgnoringCase(option.substr(0, name.size()), name)) return std::nullopt;
  option.remove_prefix(name.size());
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(option.data(), option.data() + option.size(), number);
  if (end != option.data() + option.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) return most;
  if (error != std::errc()) return std::nullopt;
  return std::clamp(number, least, most);
}

std::optional<Address> serverAddress(std::string_view text) {
  const auto address = Address::parse(text, dnsPort);
  if (!address || address->port() == 0) return std::nullopt;
  if (!address->isWildcard()) return address;
  return address->isV4() ? Address::loopbackV4(address->port()) : Address::loopbackV6(address->port());
}

bool parseSearch(std::string_view rest, ResolvConf& conf) {
  conf.search.clear();
  bool understood = true;
  for (std::string_view word = takeWord(rest); !word.empty(); word = takeWord(rest)) {
    if (const auto suffix = Name::parse(word))
      conf.search.push_back(*suffix);
    else
      understood = false;
  }
  return understood;
}

void parseOptions(std::string_view rest, ResolvConf& conf) {
  for (std::string_view option = takeWord(rest); !option.empty(); option = takeWord(rest)) {
    if (equalIgnoringCase(option, "rotate")) conf.rotate = true;
    if (const auto number = numberOf(option, "ndots:", 0, maxNdots)) conf.ndots = *number;
    if (const auto number = numberOf(option, "timeout:", 1, maxTimeout)) conf.timeout = std::chrono::seconds(*number);
    if (const auto number = numberOf(option, "attempts:", 1, maxAttempts)) conf.attempts = *number;
  }
}

// False where a line of a known kind has no usable value. Lines of other kinds, such as sortlist, are ignored.
bool parseLine(std::string_view line, ResolvConf& conf) {
  const std::string_view keyword = takeWord(line);
  if (equalIgnoringCase(keyword, "nameserver")) {
    const auto server = serverAddress(takeWord(line));
    if (server) conf.servers.push_back(*server);
    return server.has_value();
  }
  if (equalIgnoringCase(keyword, "domain")) return parseSearch(takeWord(line), conf);
  if (equalIgnoringCase(keyword, "search")) return parseSearch(line, conf);
  if (equalIgnoringCase(keyword, "options")) parseOptions(line, conf);
  return true;
}

}  // namespace

ResolvConf ResolvConf::parse(std::string_view text) {
  ResolvConf conf;
  text = withoutByteOrderMark(text);
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = takeLine(text);
    if (!parseLine(line.substr(0, line.find_first_of("#;")), conf)) conf.ignoredLines.add(number);
  }
  conf.namesServers = !conf.servers.empty();
  if (!conf.namesServers) conf.servers.push_back(Address::loopbackV4(dnsPort));
  return conf;
}

ResolvConfFile::ResolvConfFile(std::string path, const Clock& clock) : file_(std::move(path), maxFileSize, clock) {
  reload();
}

const ResolvConf& ResolvConfFile::get() {
  if (const auto text = file_.takeChange()) accept(*text);
  return conf_;
}

void ResolvConfFile::reload() {
  if (const auto text = file_.take()) accept(*text);
}

void ResolvConfFile::accept(const std::string& text) {
  conf_ = ResolvConf::parse(text);
  ++version_;
  if (file_.isFirstToTell()) {
    conf_.ignoredLines.log(path(), "a keyword of resolv.conf(5) with its values");
    if (!conf_.namesServers)
      log::warning("{}: no server is named; expected a line such as `nameserver 192.0.2.1`, and {} is asked", path(),
                   conf_.servers.front());
  }
  for (const Address& server : conf_.servers) log::debug("{}: resolver {} added to server list", path(), server);
}

}  // namespace taut
