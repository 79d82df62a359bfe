// A shared object as a file: what it says of itself, read without any of it being run (elf(5)). Of this machine's own
// kind alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace taut {

class ElfObject {
 public:
  // The octets of the file, which outlive the object. Throws std::runtime_error where it is no shared object of this
  // machine's kind.
  explicit ElfObject(std::string_view file);

  // Whether the object has this symbol for others to use.
  bool defines(std::string_view name) const { return findSymbol(name).has_value(); }
  // What the file has at a symbol of data; nothing where it has no such symbol, or not all of it. Addresses in it are
  // not those of the object once it is loaded.
  std::optional<std::string_view> dataAt(std::string_view name) const;
  // The libraries that are loaded with it, such as `libc.so.6`.
  std::vector<std::string_view> neededLibraries() const;

 private:
  struct Section {
    std::string_view content;
    std::uint64_t address;
    std::uint64_t link;  // of a table, the section with its texts
    std::uint32_t type;
  };
  struct Symbol {
    std::uint64_t address;
    std::uint64_t size;
  };

  std::string_view part(std::uint64_t offset, std::uint64_t size) const;
  void readSections();
  const Section* findSection(std::uint32_t type) const;
  std::string_view textAt(const Section& table, std::uint64_t offset) const;
  std::optional<Symbol> findSymbol(std::string_view name) const;

  std::string_view file_;
  std::vector<Section> sections_;
};

}  // namespace taut
