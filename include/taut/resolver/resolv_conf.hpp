// The configuration of a stub resolver, resolv.conf(5): which servers to ask, how long to wait for them, and how host
// names are completed.
//
// A line is a keyword and its values, in upper or lower case; `#` and `;` begin a comment. A line that cannot be
// understood is ignored and reported with its number, so that a typing error costs one line and not the service.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "taut/base/address.hpp"
#include "taut/base/clock.hpp"
#include "taut/dns/name.hpp"
#include "taut/resolver/ignored_lines.hpp"
#include "taut/resolver/watched_file.hpp"

namespace taut {

struct ResolvConf {
  // In the order of the file, port 53 unless one is given (`192.0.2.1:5353`, `[2001:db8::1]:5353`); 127.0.0.1 where the
  // file has none. A scope (`fe80::1%eth0`) is kept, 0.0.0.0 and :: become the loopback address that they stand for.
  std::vector<Address> servers;
  bool namesServers = false;
  // The suffixes of the last `search` or `domain` line, in order.
  std::vector<Name> search;
  std::size_t ndots = 1;                        // 0 to 15
  std::optional<std::chrono::seconds> timeout;  // `options timeout:n`, 1 to 30, where given
  std::optional<std::size_t> attempts;          // `options attempts:n`, 1 to 5, where given
  bool rotate = false;
  IgnoredLines ignoredLines;  // with a known keyword, but without a usable value

  static ResolvConf parse(std::string_view text);
};

// A resolv.conf on disk, read again when it changes.
class ResolvConfFile {
 public:
  static constexpr std::size_t maxFileSize = 64 * 1024;  // octets; a larger file is not read

  // The clock outlives it.
  explicit ResolvConfFile(std::string path = "/etc/resolv.conf", const Clock& clock = Clock::system());

  // The file as it is now, or was a second ago. A file that cannot be read, or is empty, leaves what it said before; at
  // the start it counts as empty.
  const ResolvConf& get();
  // Reads it at once, whether or not it seems to have changed.
  void reload();
  // How often the file was read: a change tells a user that what it derived from the file is out of date.
  std::size_t version() const { return version_; }
  const std::string& path() const { return file_.path(); }

 private:
  void accept(const std::string& text);

  WatchedFile file_;
  ResolvConf conf_ = ResolvConf::parse({});
  std::size_t version_ = 0;
};

}  // namespace taut
