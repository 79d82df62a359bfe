// Reads a configuration file and those that it includes.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>

#include "settings_reader.hpp"

namespace taut::config {

class FileReader {
 public:
  FileReader(Settings& settings, Mistakes& mistakes, const FindVariable& findVariable)
      : settings_(settings), mistakes_(mistakes), findVariable_(findVariable) {}

  // Reads the file, and then what it includes, in order. A file that cannot be read is one of the mistakes, and the
  // others are read all the same.
  void read(const std::string& path);

 private:
  void read(const std::string& path, const Origin& named, std::size_t depth);
  bool noteFolder(const std::string& pattern, const Origin& named);
  void include(const Item& pattern, std::size_t depth);

  Settings& settings_;
  Mistakes& mistakes_;
  const FindVariable& findVariable_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, Origin> known_;  // by device and inode, where they were named
};

}  // namespace taut::config
