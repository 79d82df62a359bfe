#include "import.hpp"

#include <filesystem>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "convert.hpp"
#include "normaliser.hpp"
#include "syntax.hpp"

namespace taut::importer {

namespace {

struct Format {
  Statements (*read)(Sources&, const Sources::Text&);
  TautFile (*convert)(const Statements&, const std::string& folder);
  std::string_view server;
};

const Format& formatOf(Kind kind) {
  static const Format formats[] = {
      {readBraces, convertBind, "BIND"},         {readKnot, convertKnot, "Knot DNS"},
      {readClauses, convertNsd, "NSD"},          {readClauses, convertUnbound, "Unbound"},
      {readCorefile, convertCoredns, "CoreDNS"},
  };
  return formats[static_cast<std::size_t>(kind)];
}

std::size_t countNotes(const TautFile& file) {
  std::size_t count = file.notes.size();
  for (const ImportedZone& zone : file.zones()) count += zone.notes.size();
  for (const FixedZone& zone : file.recursion.zones) count += zone.notes.size();
  return count;
}

}  // namespace

Import importText(Sources& sources, const Sources::Text& text, Kind kind, const std::string& folder) {
  const Format& format = formatOf(kind);
  const Statements statements = format.read(sources, text);
  TautFile file = format.convert(statements, folder);
  for (const std::string& path : sources.otherEncodings())
    file.notes.push_back({nullptr, 0, "the encoding of " + path, "it is no UTF-8, and was read as ISO 8859-1"});
  return {writeToml(file, format.server, *text.path), countNotes(file)};
}

Import importFile(const std::string& path, std::optional<Kind> kind, FileSystem& files) {
  const std::string folder = folderOf(std::filesystem::absolute(path).string());
  Sources sources(files);
  const auto text = sources.read(path);
  if (!text) throw std::runtime_error(fmt::format("{}: {}", path, text.error()));
  const bool isGuess = !kind;
  if (!kind) kind = guessKind(path, text->text);
  if (!kind) throw std::runtime_error(path + ": it does not look like a configuration of a known server; give --from");
  try {
    return importText(sources, *text, *kind, folder);
  } catch (const SyntaxError& error) {
    // The server's own program may understand what this does not. The places are then those of its output.
    const auto normalised = normalise(*kind, path);
    if (!normalised && !isGuess) throw;
    if (!normalised)
      throw std::runtime_error(fmt::format("{} (taken for a configuration of {}; if it is another's, give --from KIND)",
                                           error.what(), formatOf(*kind).server));
    Sources output(files);
    return importText(output, output.add("output of " + normalised->command, normalised->text), *kind, folder);
  }
}

}  // namespace taut::importer
