// Makes a taut.toml of another server's configuration: `tautctl import`. What cannot be expressed stands in comments,
// each with its place, so that nothing is lost without a word.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sources.hpp"

namespace taut::importer {

enum class Kind : std::uint8_t { bind, knot, nsd, unbound, coredns };

// `bind`, `knot`, `nsd`, `unbound` or `coredns`.
std::string_view nameOf(Kind kind);
std::optional<Kind> kindOf(std::string_view name);

// By the file's name, or else by its text; nothing where both could be anything.
std::optional<Kind> guessKind(std::string_view path, std::string_view text);

struct Import {
  std::string toml;
  std::size_t unsupported = 0;  // how many statements stand in comments
};

// Reads the file and those that it includes. Throws SyntaxError where a text is not what its format wants, and
// std::runtime_error where the file cannot be read, or where its kind is not given and cannot be guessed.
Import importFile(const std::string& path, std::optional<Kind> kind, FileSystem& files);

// The same of a text without a file.
Import importText(Sources& sources, const Sources::Text& text, Kind kind, const std::string& folder);

}  // namespace taut::importer
