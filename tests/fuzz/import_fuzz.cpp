// Any text is a configuration of another server, or is refused with a place. What is made of it is a configuration that
// tautd accepts, if it has anything to serve, and has no control characters.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/settings_reader.hpp"
#include "config/toml_document.hpp"
#include "config/validate.hpp"
#include "fuzz/fuzz.hpp"
#include "import/import.hpp"

namespace import_fuzz {

namespace {

using namespace taut;
using namespace taut::importer;
using fuzz::require;

// Every include finds this one file.
class OneFile final : public FileSystem {
 public:
  explicit OneFile(std::string text) : text_(std::move(text)) {}

  std::vector<std::string> matching(const std::string& pattern) override { return {pattern}; }
  Result<std::string, std::string> read(const std::string&, std::uint64_t maxSize) override {
    if (text_.size() > maxSize) return Failure(std::string("it is too large"));
    return text_;
  }

 private:
  std::string text_;
};

void checkOutput(const std::string& toml) {
  for (const char letter : toml)
    require(letter == '\n' || (static_cast<unsigned char>(letter) >= 0x20 && letter != 0x7f),
            "the output has no control characters");
  config::Settings settings;
  config::Mistakes mistakes;
  const config::FindVariable findVariable = [](std::string_view) { return std::nullopt; };
  config::SettingsReader reader(settings, mistakes, findVariable);
  const auto file = std::make_shared<const std::string>("taut.toml");
  const auto origin = [&](std::uint32_t line, std::uint32_t column) {
    return config::Origin::inFile(file, line, column);
  };
  if (const auto mistake = config::readToml(toml, origin, reader)) mistakes.push_back(*mistake);
  (void)validate(std::move(settings), mistakes);
  for (const config::Mistake& mistake : mistakes) {
    if (mistake.text.starts_with("give ")) continue;  // nothing to serve
    std::fprintf(stderr, "%s\n%s\n", toml.c_str(), mistake.toText().c_str());
    require(false, "the output is a configuration without mistakes");
  }
}

}  // namespace

// The first octet is the kind, and what follows a NUL is the file that is included.
TAUT_FUZZ_TARGET(import) {
  if (size == 0) return 0;
  const auto kind = static_cast<Kind>((data[0] - 'a') % 5u);
  const std::string_view input = asText({data + 1, size - 1});
  const std::size_t end = input.find('\0');
  OneFile files(end == input.npos ? std::string() : std::string(input.substr(end + 1)));
  Sources sources(files);
  try {
    checkOutput(importText(sources, sources.add("f", std::string(input.substr(0, end))), kind, "/etc").toml);
  } catch (const SyntaxError& error) {
    require(std::string_view(error.what()).find(':') != std::string_view::npos, "a mistake has a place");
  }
  return 0;
}

}  // namespace import_fuzz
