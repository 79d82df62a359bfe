// Any text is a configuration of another server, or is refused with a place. What is made of it is lines of UTF-8
// without control characters.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/fuzz.hpp"
#include "import/import.hpp"
#include "import/utf8.hpp"

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

}  // namespace

// The first octet is the kind, and what follows a NUL is the file that is included.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto kind = static_cast<Kind>((data[0] - 'a') % 5u);
  const std::string_view input = asText({data + 1, size - 1});
  const std::size_t end = input.find('\0');
  OneFile files(end == input.npos ? std::string() : std::string(input.substr(end + 1)));
  Sources sources(files);
  try {
    const Import import = importText(sources, sources.add("f", std::string(input.substr(0, end))), kind, "/etc");
    require(isUtf8(import.toml), "the output is UTF-8");
    for (const char letter : import.toml)
      require(letter == '\n' || (static_cast<unsigned char>(letter) >= 0x20 && letter != 0x7f),
              "the output has no control characters");
  } catch (const SyntaxError& error) {
    require(std::string_view(error.what()).find(':') != std::string_view::npos, "a mistake has a place");
  }
  return 0;
}
