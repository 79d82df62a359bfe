#include "last_catalogs.hpp"

#include "archive_path.hpp"
#include "remove_file.hpp"
#include "taut/base/log.hpp"
#include "taut/zone/zone_snapshot.hpp"

namespace taut {

std::string LastCatalogs::pathOf(NameView name) const {
  return archivePath(folder_, name) + ".taken";
}

void LastCatalogs::keep(const Catalog& catalog) const {
  if (folder_.empty()) return;
  const auto written = writeSnapshot(*catalog.zone(), pathOf(catalog.name()));
  if (!written.ok())
    log::error("catalog {}: its members are not kept for the next start: {}", catalog.name(), written.error());
}

std::shared_ptr<const Catalog> LastCatalogs::restore(NameView name) const {
  if (folder_.empty()) return nullptr;
  auto opened = openSnapshot(pathOf(name), name);
  if (!opened.ok()) log::error("catalog {}: {}", name, opened.error());
  if (!opened.ok() || !*opened) return nullptr;
  auto catalog = Catalog::read(std::move(opened).value());
  if (catalog) return std::make_shared<const Catalog>(std::move(catalog).value());
  log::error("catalog {}: {}: {}", name, pathOf(name), catalog.error());
  return nullptr;
}

void LastCatalogs::forget(NameView name) const {
  if (folder_.empty()) return;
  const std::string path = pathOf(name);
  if (const std::string error = removeFile(path); !error.empty()) log::error("{} cannot be removed: {}", path, error);
}

}  // namespace taut
