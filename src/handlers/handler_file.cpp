#include "handler_file.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>

#include <fmt/format.h>

#include "elf_object.hpp"
#include "taut/server/handler.hpp"

namespace taut {

namespace {

using detail::HandlerAbi;

constexpr std::uint64_t maxSize = 256u << 20;  // octets
constexpr const char* sizedClasses[] = {"Query", "Answer",   "Name",      "Task",
                                        "Shard", "Resolver", "TaskScope", "HandlerOptions"};

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error(what);
}

template <std::size_t Size>
std::string textOf(const std::array<char, Size>& text) {
  return std::string(text.begin(), std::ranges::find(text, '\0'));
}

HandlerAbi recordIn(const ElfObject& object) {
  const auto data = object.dataAt("tautHandlerRecord");
  if (!data) fail("is no handler; expected a shared object whose source has TAUT_HANDLER");
  HandlerAbi record;
  constexpr std::size_t common = offsetof(HandlerAbi, version);
  if (data->size() < common) fail("is no handler: what TAUT_HANDLER leaves there is cut short");
  std::memcpy(static_cast<void*>(&record), data->data(), std::min(data->size(), sizeof record));
  if (textOf(record.mark) != HandlerAbi::expectedMark)
    fail("is no handler; expected a shared object whose source has TAUT_HANDLER");
  if (record.abi != detail::handlerAbi || data->size() < sizeof record)
    fail(fmt::format("was built for ABI {} of taut, and this is ABI {}: it has to be built anew", record.abi,
                     detail::handlerAbi));
  return record;
}

void requireSameAbi(const HandlerAbi& record) {
  const HandlerAbi own;
  const std::string builder = fmt::format("{} with {}", textOf(record.compiler), textOf(record.standardLibrary));
  if (record.version != own.version)
    fail(fmt::format("was built for taut {}, and this is taut {}: it has to be built anew", textOf(record.version),
                     textOf(own.version)));
  if (record.standardLibrary != own.standardLibrary)
    fail(fmt::format("was built by {}; expected {}, as tautd has it", builder, textOf(own.standardLibrary)));
  for (std::size_t i = 0; i < own.sizes.size(); ++i)
    if (record.sizes[i] != own.sizes[i])
      fail(
          fmt::format("was built by {} where a {} has {} octets, and here it has {}: it has to be built with the "
                      "headers and the flags of this taut",
                      builder, sizedClasses[i], record.sizes[i], own.sizes[i]));
}

void requireNoTautOfItsOwn(const ElfObject& object) {
  if (object.defines("tautLibrary"))
    fail("has taut in it, and two of it in one process do not work; expected it without libtaut.a");
  for (const std::string_view library : object.neededLibraries())
    if (library.starts_with("libtaut.so"))
      fail(fmt::format("is linked to {}, which would be a second taut in one process; expected it without", library));
}

}  // namespace

bool HandlerFile::isNameOf(std::string_view registered, std::string_view name) {
  return name == registered ||
         (name.size() > registered.size() && name.starts_with(registered) && name[registered.size()] == '-');
}

HandlerFile::HandlerFile(const std::string& path, std::string_view name) {
  try {
    InputFile file(path, maxSize);
    version_ = file.version();
    octets_ = file.readAll();
  } catch (const FileError& error) {
    fail(fmt::format("cannot be read: {}", error.what()));
  }
  const ElfObject object(octets_);
  const HandlerAbi record = recordIn(object);
  requireSameAbi(record);
  requireNoTautOfItsOwn(object);
  const std::string registered = textOf(record.name);
  if (!isNameOf(registered, name))
    fail(fmt::format("holds the handler '{0}'; expected name = \"{0}\", or one that begins with \"{0}-\"", registered));
}

}  // namespace taut
