// The last version of a consumed catalog that was taken, on the disk while there is a later one that was not, or while
// the catalog has expired: members stay as they were over a restart too.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "taut/dns/name.hpp"
#include "taut/zone/catalog.hpp"

namespace taut {

class LastCatalogs {
 public:
  // Without a folder nothing is kept.
  explicit LastCatalogs(std::string folder) : folder_(std::move(folder)) {}

  // These wait for the disk, and log what is wrong.
  void keep(const Catalog& catalog) const;
  std::shared_ptr<const Catalog> restore(NameView name) const;  // null where none is kept
  void forget(NameView name) const;

 private:
  std::string pathOf(NameView name) const;

  std::string folder_;
};

}  // namespace taut
