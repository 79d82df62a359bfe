#include "elf_object.hpp"

#include <elf.h>
#include <link.h>
#include <sys/auxv.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <stdexcept>

namespace taut {

namespace {

using Header = ElfW(Ehdr);
using SectionHeader = ElfW(Shdr);
using SymbolEntry = ElfW(Sym);
using DynamicEntry = ElfW(Dyn);

constexpr unsigned char ownClass = sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32;
constexpr unsigned char ownOrder = std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;

// The file may have it at any place, so it is copied. Zeros where the text is too short.
template <typename T>
T readAs(std::string_view octets, std::uint64_t index = 0) {
  T value{};
  if (index < octets.size() / sizeof(T)) std::memcpy(&value, octets.data() + index * sizeof(T), sizeof(T));
  return value;
}

// That of a program which runs here: this one.
Header ownHeader() {
  const auto* const header = reinterpret_cast<const Header*>(::getauxval(AT_SYSINFO_EHDR));
  return header ? *header : Header{};
}

}  // namespace

ElfObject::ElfObject(std::string_view file) : file_(file) {
  if (!file.starts_with(std::string_view(ELFMAG, SELFMAG)) || file.size() < sizeof(Header))
    throw std::runtime_error("is no shared object; expected a file that ends with .so, made by a linker");
  const auto header = readAs<Header>(file);
  const Header own = ownHeader();
  const bool isOfThisKind = header.e_ident[EI_CLASS] == ownClass && header.e_ident[EI_DATA] == ownOrder &&
                            (own.e_machine == EM_NONE || header.e_machine == own.e_machine);
  if (!isOfThisKind) throw std::runtime_error("is an object for another kind of machine; expected one for this one");
  if (header.e_type != ET_DYN) throw std::runtime_error("is no shared object; expected one that was linked as such");
  readSections();
}

// Nothing where the file does not have all of it.
std::string_view ElfObject::part(std::uint64_t offset, std::uint64_t size) const {
  if (offset > file_.size() || size > file_.size() - offset) return {};
  return file_.substr(offset, size);
}

void ElfObject::readSections() {
  const auto header = readAs<Header>(file_);
  const std::string_view table = part(header.e_shoff, std::uint64_t{header.e_shnum} * sizeof(SectionHeader));
  if (header.e_shentsize != sizeof(SectionHeader)) return;
  for (std::uint64_t i = 0; i < table.size() / sizeof(SectionHeader); ++i) {
    const auto entry = readAs<SectionHeader>(table, i);
    const std::string_view content =
        entry.sh_type == SHT_NOBITS ? std::string_view() : part(entry.sh_offset, entry.sh_size);
    sections_.push_back({content, entry.sh_addr, entry.sh_link, entry.sh_type});
  }
}

const ElfObject::Section* ElfObject::findSection(std::uint32_t type) const {
  const auto found = std::ranges::find(sections_, type, &Section::type);
  return found == sections_.end() ? nullptr : &*found;
}

std::string_view ElfObject::textAt(const Section& table, std::uint64_t offset) const {
  if (table.link >= sections_.size()) return {};
  const std::string_view texts = sections_[table.link].content;
  if (offset >= texts.size()) return {};
  const std::string_view text = texts.substr(offset);
  return text.substr(0, text.find('\0'));
}

std::optional<ElfObject::Symbol> ElfObject::findSymbol(std::string_view name) const {
  const Section* const symbols = findSection(SHT_DYNSYM);
  if (!symbols) return std::nullopt;
  for (std::uint64_t i = 0; i < symbols->content.size() / sizeof(SymbolEntry); ++i) {
    const auto symbol = readAs<SymbolEntry>(symbols->content, i);
    if (symbol.st_shndx != SHN_UNDEF && textAt(*symbols, symbol.st_name) == name)
      return Symbol{symbol.st_value, symbol.st_size};
  }
  return std::nullopt;
}

std::optional<std::string_view> ElfObject::dataAt(std::string_view name) const {
  const auto symbol = findSymbol(name);
  if (!symbol) return std::nullopt;
  for (const Section& section : sections_) {
    if (symbol->address < section.address || section.address == 0) continue;
    const std::uint64_t offset = symbol->address - section.address;
    if (offset < section.content.size() && symbol->size <= section.content.size() - offset)
      return section.content.substr(offset, symbol->size);
  }
  return std::nullopt;
}

std::vector<std::string_view> ElfObject::neededLibraries() const {
  std::vector<std::string_view> needed;
  const Section* const dynamic = findSection(SHT_DYNAMIC);
  if (!dynamic) return needed;
  for (std::uint64_t i = 0; i < dynamic->content.size() / sizeof(DynamicEntry); ++i) {
    const auto entry = readAs<DynamicEntry>(dynamic->content, i);
    if (entry.d_tag == DT_NULL) break;
    if (entry.d_tag == DT_NEEDED) needed.push_back(textAt(*dynamic, entry.d_un.d_val));
  }
  return needed;
}

}  // namespace taut
