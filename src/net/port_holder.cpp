#include "port_holder.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include "taut/base/input_file.hpp"
#include "taut/base/parse_number.hpp"
#include "taut/base/text.hpp"
#include "taut/base/user_name.hpp"

namespace taut::detail {

namespace {

namespace fs = std::filesystem;

struct Socket {
  Address local;
  std::uint64_t user = 0;
  std::uint64_t inode = 0;
};

std::string readWhole(const std::string& path) {
  constexpr std::uint64_t maxSize = 64 << 20;  // octets: some 400,000 sockets
  try {
    return InputFile(path, maxSize).readAll();
  } catch (const FileError&) {
    return {};
  }
}

// `0100007F:0035`: 32 bits at a time, as the machine reads the address's octets.
std::optional<Address> parseLocal(std::string_view text) {
  constexpr std::size_t digits = 8;
  const std::size_t colon = text.find(':');
  if (colon != digits && colon != 4 * digits) return std::nullopt;
  std::array<std::uint8_t, 16> octets{};
  for (std::size_t at = 0; at < colon; at += digits) {
    const auto part = parseNumber<std::uint64_t>(text.substr(at, digits), 16);
    if (!part) return std::nullopt;
    const auto word = static_cast<std::uint32_t>(*part);
    std::memcpy(octets.data() + at / 2, &word, sizeof word);
  }
  const auto port = parseNumber<std::uint64_t>(text.substr(colon + 1), 16);
  if (!port) return std::nullopt;
  const auto number = static_cast<std::uint16_t>(*port);
  if (colon == digits) return Address::v4({octets[0], octets[1], octets[2], octets[3]}, number);
  return Address::v6(octets, number);
}

// A line of /proc/net/udp and the like (proc(5)); nothing for one of a TCP connection.
std::optional<Socket> parseSocket(std::string_view line, bool isTcp) {
  constexpr std::string_view listening = "0A";
  std::array<std::string_view, 10> words;
  for (std::string_view& word : words) word = takeWord(line);
  const auto local = parseLocal(words[1]);
  const auto user = parseNumber<std::uint64_t>(words[7]);
  const auto inode = parseNumber<std::uint64_t>(words[9]);
  if (!local || !user || !inode || (isTcp && words[3] != listening)) return std::nullopt;
  return Socket{*local, *user, *inode};
}

bool keepsOut(const Address& bound, const Address& wanted) {
  if (bound.port() != wanted.port()) return false;
  if (bound.isV6() != wanted.isV6()) return wanted.isV4() && bound.isWildcard();
  return bound.bytes().size() == wanted.bytes().size() &&
         (bound.isWildcard() || wanted.isWildcard() ||
          std::memcmp(bound.bytes().data(), wanted.bytes().data(), bound.bytes().size()) == 0);
}

std::optional<Socket> readForSocket(const Address& wanted, bool isTcp) {
  for (const char* const family : {"", "6"}) {
    const std::string table = readWhole(fmt::format("/proc/self/net/{}{}", isTcp ? "tcp" : "udp", family));
    std::string_view rest = table;
    for (takeLine(rest); !rest.empty();)
      if (const auto socket = parseSocket(takeLine(rest), isTcp); socket && keepsOut(socket->local, wanted))
        return socket;
  }
  return std::nullopt;
}

// The kernel gives a table in pieces. Where a socket of one piece is closed before the next piece is read, another
// socket is in neither.
std::optional<Socket> findSocket(const Address& wanted, bool isTcp) {
  constexpr int readings = 8;
  for (int reading = 0; reading < readings; ++reading)
    if (const auto socket = readForSocket(wanted, isTcp)) return socket;
  return std::nullopt;
}

bool hasSocket(const fs::path& process, const std::string& link) {
  std::error_code error;
  for (fs::directory_iterator fd(process / "fd", error), end; !error && fd != end; fd.increment(error)) {
    std::error_code unreadable;
    if (fs::read_symlink(fd->path(), unreadable) == link) return true;
  }
  return false;
}

pid_t findProcess(std::uint64_t inode) {
  const std::string link = fmt::format("socket:[{}]", inode);
  std::error_code error;
  for (fs::directory_iterator process("/proc", error), end; !error && process != end; process.increment(error)) {
    const auto number = parseNumber<std::uint64_t>(process->path().filename().string());
    if (number && hasSocket(process->path(), link)) return static_cast<pid_t>(*number);
  }
  return 0;
}

}  // namespace

std::optional<PortHolder> findPortHolder(const Address& wanted, std::string_view protocol) {
  const auto socket = findSocket(wanted, protocol == "TCP");
  if (!socket) return std::nullopt;
  PortHolder holder;
  holder.user = userName(static_cast<uid_t>(socket->user));
  holder.process = findProcess(socket->inode);
  const std::string name = holder.process == 0 ? "" : readWhole(fmt::format("/proc/{}/comm", holder.process));
  std::string_view rest = name;
  holder.program = takeLine(rest);
  return holder;
}

}  // namespace taut::detail
