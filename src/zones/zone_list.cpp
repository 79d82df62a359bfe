#include "taut/zones/zone_list.hpp"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "hash_name.hpp"
#include "taut/base/line_file.hpp"
#include "taut/base/shut_in.hpp"
#include "taut/dns/name.hpp"

namespace taut {

namespace {

using detail::HashName;

class ZoneListReader {
 public:
  explicit ZoneListReader(const std::string& path) : path_(path), folder_(std::filesystem::path(path).parent_path()) {}

  void read(std::string_view line, std::size_t number) {
    const std::size_t tab = line.find('\t');
    const std::string_view name = line.substr(0, tab);
    const auto origin = name.find(' ') == name.npos ? Name::parse(name) : std::nullopt;
    if (tab == line.npos || tab + 1 == line.size() || !origin)
      return mistake(number, "not a zone: expected ORIGIN, a tab, and the path of a master file");
    ZoneSource source;
    source.origin = *origin;
    source.path = (folder_ / line.substr(tab + 1)).string();
    const std::string folder = source.path.substr(0, source.path.rfind('/') + 1);
    if (folders_.insert(folder).second && isShutOut(folder.empty() ? "." : folder))
      return mistake(number, fmt::format("{}: {}", source.path, shutOutReason));
    zones_.push_back(std::move(source));
    lines_.push_back(number);
  }

  // Throws where there was a mistake.
  std::vector<ZoneSource> finish() {
    findRepeated();
    if (count_ > maxMistakes) mistakes_ += fmt::format("\n{}: {} more mistakes", path_, count_ - maxMistakes);
    if (count_ > 0) throw std::runtime_error(mistakes_);
    return std::move(zones_);
  }

 private:
  static constexpr std::size_t maxMistakes = 20;  // that are told

  void findRepeated() {
    std::unordered_map<NameView, std::size_t, HashName> known;
    known.reserve(zones_.size());
    for (std::size_t i = 0; i < zones_.size(); ++i) {
      const auto [first, isNew] = known.emplace(zones_[i].origin->view(), lines_[i]);
      if (!isNew)
        mistake(lines_[i], fmt::format("zone {} is there already, from line {}; expected it once", *zones_[i].origin,
                                       first->second));
    }
  }

  void mistake(std::size_t number, std::string_view text) {
    if (++count_ > maxMistakes) return;
    mistakes_ += fmt::format("{}{}:{}:1: {}", mistakes_.empty() ? "" : "\n", path_, number, text);
  }

  const std::string& path_;
  std::filesystem::path folder_;
  std::unordered_set<std::string> folders_;  // of the zones
  std::vector<ZoneSource> zones_;
  std::vector<std::size_t> lines_;  // of the zones
  std::string mistakes_;
  std::size_t count_ = 0;
};

}  // namespace

std::vector<ZoneSource> readZoneList(const std::string& path) {
  ZoneListReader reader(path);
  forEachLine(path, [&](std::string_view line, std::size_t number) { reader.read(line, number); });
  return reader.finish();
}

}  // namespace taut
