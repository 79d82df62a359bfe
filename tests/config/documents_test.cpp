#include "config/documents.hpp"

#include <fstream>
#include <iterator>
#include <string>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "config/expectation.hpp"
#include "config/schema.hpp"

namespace documents_test {

using namespace taut::config;

namespace {

std::string lastPart(std::string_view path) {
  return std::string(path.substr(path.rfind('.') + 1));
}

std::string inManual(std::string_view text) {
  std::string escaped;
  for (const char c : text) escaped += c == '-' ? "\\-" : std::string(1, c);
  return escaped;
}

}  // namespace

TEST_CASE("every key of the schema is in the manual page, with its text and its default") {
  const std::string page = manualPage();
  for (const Key& key : schema()) {
    CHECK_MESSAGE(page.find(fmt::format(".TP\n.B {}\n{}\n", inManual(lastPart(key.path)), inManual(key.text))) !=
                      std::string::npos,
                  key.path);
    const std::string_view otherwise = key.preset.empty() ? key.absent : key.preset;
    if (!otherwise.empty()) CHECK_MESSAGE(page.find("Default: " + inManual(otherwise)) != std::string::npos, key.path);
  }
}

TEST_CASE("the manual page in the source is the one that the schema makes") {
  std::ifstream file(TAUT_MANUAL_PAGE);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  CHECK_MESSAGE(text == manualPage(), "ninja -C build manual-page");
}

TEST_CASE("every key of the schema is in the JSON schema, with its text") {
  const std::string json = jsonSchema();
  for (const Key& key : schema()) {
    const std::string name = lastPart(key.path);
    CHECK_MESSAGE((name == "*" || json.find(fmt::format("\"{}\": {{", name)) != std::string::npos), key.path);
    CHECK_MESSAGE(json.find(std::string(key.text.substr(0, key.text.find('"')))) != std::string::npos, key.path);
  }
}

TEST_CASE("a text or a list of texts that may have any length is not said to have a range") {
  CHECK(expectation(keyOf("acl.*.update-names")) == "a list, each a text");
  CHECK(expectation(keyOf("server.identity")) == "a text of 1 to 255 octets");
  CHECK(manualPage().find("of 0 to 0") == std::string::npos);
}

}  // namespace documents_test
