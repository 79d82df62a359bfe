// What the schema is for people and for editors: the manual page taut.toml(5), and a JSON schema (draft 7).
#pragma once

#include <string>

namespace taut::config {

std::string manualPage();

std::string jsonSchema();

}  // namespace taut::config
