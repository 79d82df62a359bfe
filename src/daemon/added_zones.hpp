// The zones that the control tool has added, in a file: a line for each, of name, template and catalog with tabs
// between them.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "management/managed_server.hpp"
#include "taut/dns/name.hpp"

namespace taut {

class AddedZones {
 public:
  // Reads the file, where there is one; without a folder nothing is kept. Throws std::runtime_error, with file and
  // line, where it cannot be understood.
  explicit AddedZones(const std::string& folder);

  bool canKeep() const { return !path_.empty(); }
  const std::string& path() const { return path_; }
  std::span<const AddedZone> zones() const { return zones_; }
  const AddedZone* find(NameView name) const;

  // The file has the change when they return. Throw std::runtime_error where it cannot be written: then nothing has
  // changed.
  void add(AddedZone zone);
  void remove(NameView name);

 private:
  void replace(std::vector<AddedZone> zones);

  std::string path_;  // empty: none
  std::vector<AddedZone> zones_;
};

}  // namespace taut
