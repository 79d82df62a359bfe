#include "taut/transfer/zone_state.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <mutex>
#include <span>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "line_checksum.hpp"
#include "taut/base/input_file.hpp"
#include "taut/base/parse_number.hpp"
#include "taut/base/replacement_file.hpp"
#include "taut/base/unique_fd.hpp"

namespace taut {

namespace {

constexpr std::uint64_t maxFileSize = std::uint64_t{4} << 30;  // octets
constexpr std::size_t fieldCount = 8;
constexpr std::size_t checksumSize = 8;  // digits

std::string reason(int error) {
  return std::generic_category().message(error);
}

std::string keyOf(NameView zone, Class rrClass) {
  return fmt::format("{} {}", Name(zone).toLower(), rrClass);
}

std::optional<ZoneState::Seconds> timeOf(std::string_view text) {
  const auto seconds = parseNumber<std::int64_t>(text);
  if (!seconds) return std::nullopt;
  return ZoneState::Seconds(std::chrono::seconds(*seconds));
}

std::int64_t secondsOf(ZoneState::Seconds time) {
  return time.time_since_epoch().count();
}

// "CHECKSUM ZONE CLASS SERIAL CHECKED EXPIRES WHOLE-UNTIL PRIMARY": the fields but the checksum, or nothing.
std::optional<std::array<std::string_view, fieldCount - 1>> fieldsOf(std::string_view line) {
  if (line.size() <= checksumSize || line[checksumSize] != ' ') return std::nullopt;
  const auto checksum = parseNumber<std::uint32_t>(line.substr(0, checksumSize), 16);
  line.remove_prefix(checksumSize + 1);
  if (!checksum || detail::lineChecksum(line) != *checksum) return std::nullopt;
  std::array<std::string_view, fieldCount - 1> fields;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const std::size_t space = line.find(' ');
    if ((space == line.npos) != (i + 1 == fields.size())) return std::nullopt;
    fields[i] = line.substr(0, space);
    line.remove_prefix(space == line.npos ? line.size() : space + 1);
  }
  return fields;
}

std::optional<ZoneState::Entry> entryOf(std::span<const std::string_view> fields) {
  const auto serial = parseNumber<std::uint32_t>(fields[2]);
  const auto checked = timeOf(fields[3]);
  const auto expires = timeOf(fields[4]);
  const auto wholeUntil = timeOf(fields[5]);
  const auto primary = fields[6] == "-" ? std::optional(Address()) : Address::parse(fields[6]);
  if (!serial || !checked || !expires || !wholeUntil || !primary) return std::nullopt;
  return ZoneState::Entry{Serial(*serial), *checked, *expires, *primary, *wholeUntil};
}

std::string writeAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return reason(errno);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace

// What writes to the file, on whatever thread.
class ZoneState::File {
 public:
  File(std::string path, std::size_t whole) : path_(std::move(path)) {
    open();
    if (!fd_ || ::ftruncate(fd_.get(), static_cast<off_t>(whole)) != 0) fail(errno);
  }

  std::string append(std::string_view text) {
    const std::lock_guard lock(mutex_);
    if (!fd_) open();
    if (!fd_) return described(reason(errno));
    const off_t before = ::lseek(fd_.get(), 0, SEEK_END);
    std::string error = writeAll(fd_.get(), text);
    // A torn line in the middle of the file would be damage; the next append begins where this one did.
    if (!error.empty() && before >= 0 && ::ftruncate(fd_.get(), before) != 0) fd_.reset();
    return described(std::move(error));
  }

  std::string replace(std::string_view text) {
    const std::lock_guard lock(mutex_);
    ReplacementFile file(path_);
    file.write(text);
    if (const auto written = file.takePlace(); !written.ok()) return described(written.error());
    open();
    return {};
  }

  [[noreturn]] void fail(int error) const { throw std::runtime_error(described(reason(error))); }

 private:
  void open() { fd_.reset(::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR)); }
  std::string described(std::string error) const { return error.empty() ? error : fmt::format("{}: {}", path_, error); }

  const std::string path_;
  std::mutex mutex_;
  UniqueFd fd_;
};

ZoneState::ZoneState(std::string path) {
  std::string text;
  try {
    if (::access(path.c_str(), F_OK) == 0) text = InputFile(path, maxFileSize).readAll();
  } catch (const FileError& error) {
    throw std::runtime_error(fmt::format("{}: {}", path, error.what()));
  }
  const std::size_t whole = text.rfind('\n') + 1;  // 0 where there is no whole line
  for (std::string_view rest = std::string_view(text).substr(0, whole); !rest.empty();) {
    const std::size_t end = rest.find('\n');
    read(rest.substr(0, end));
    rest.remove_prefix(end + 1);
  }
  liveLines_ = found_.size();
  file_ = std::make_shared<File>(std::move(path), whole);
}

ZoneState::~ZoneState() = default;

void ZoneState::read(std::string_view line) {
  ++writtenLines_;
  const auto fields = fieldsOf(line);
  const auto entry = fields ? entryOf(*fields) : std::nullopt;
  if (!entry) {
    ++damaged_;
    return;
  }
  found_.insert_or_assign(fmt::format("{} {}", (*fields)[0], (*fields)[1]), *entry);
}

std::optional<ZoneState::Entry> ZoneState::take(NameView zone, Class rrClass) {
  const auto node = found_.extract(keyOf(zone, rrClass));
  return node.empty() ? std::nullopt : std::optional(node.mapped());
}

void ZoneState::note(NameView zone, Class rrClass, const Entry& entry) {
  const std::string line = fmt::format("{} {} {} {} {} {}", keyOf(zone, rrClass), entry.serial.value(),
                                       secondsOf(entry.checked), secondsOf(entry.expires), secondsOf(entry.wholeUntil),
                                       entry.primary.empty() ? "-" : entry.primary.toText());
  noted_ += fmt::format("{:08x} {}\n", detail::lineChecksum(line), line);
  ++notedLines_;
}

std::optional<ZoneState::Write> ZoneState::pending() {
  if (noted_.empty()) return std::nullopt;
  writtenLines_ += std::exchange(notedLines_, 0);
  return Write(file_, std::exchange(noted_, {}), false);
}

ZoneState::Write ZoneState::replacement() {
  writtenLines_ = liveLines_ = std::exchange(notedLines_, 0);
  return Write(file_, std::exchange(noted_, {}), true);
}

std::string ZoneState::Write::operator()() const {
  return whole_ ? file_->replace(text_) : file_->append(text_);
}

}  // namespace taut
