// Prints taut.toml(5) or the JSON schema, for the build.
#include <cstdio>
#include <string_view>

#include "documents.hpp"

int main(int argc, char** argv) {
  const std::string_view what = argc == 2 ? argv[1] : "";
  if (what == "manual-page")
    std::fputs(taut::config::manualPage().c_str(), stdout);
  else if (what == "json-schema")
    std::fputs(taut::config::jsonSchema().c_str(), stdout);
  else
    return 2;
  return 0;
}
