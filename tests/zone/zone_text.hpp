// Zones for tests, from text.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "taut/dns/name.hpp"
#include "taut/zone/zone_file.hpp"

namespace taut::test {

// The head of a zone example. with a name server that has an address.
inline constexpr std::string_view head =
    "$ORIGIN example.\n"
    "$TTL 300\n"
    "@ SOA ns1 hostmaster 7 3600 600 86400 60\n"
    "@ NS ns1\n"
    "ns1 A 192.0.2.1\n";

inline ZoneLoad load(std::string_view body, const ZoneLoadOptions& options = {}) {
  return parseZone(std::string(head) + std::string(body), Name("example."), options);
}

inline std::shared_ptr<const Zone> zoneOf(std::string_view body) {
  const ZoneLoad loaded = load(body);
  INFO(loaded.firstError());
  REQUIRE(loaded.ok());
  return loaded.zone;
}

// The messages of a load, each without the "text:" before it: "8:3: error: …".
inline std::vector<std::string> messages(const ZoneLoad& loaded) {
  std::vector<std::string> texts;
  for (const Diagnostic& diagnostic : loaded.diagnostics) {
    std::string text = diagnostic.toString();
    if (text.starts_with("text:")) text.erase(0, 5);
    texts.push_back(std::move(text));
  }
  return texts;
}

}  // namespace taut::test
