// What the tests of response policies share.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "taut/zone/zone.hpp"
#include "taut/zone/zone_file.hpp"

namespace taut::test {

// A policy zone with these records.
inline std::shared_ptr<const Zone> policyZone(std::string_view records, std::string_view origin = "rpz.example.") {
  const std::string text = "$ORIGIN " + std::string(origin) +
                           "\n$TTL 60\n@ SOA localhost. nobody.invalid. 7 3600 600 86400 30\n@ NS localhost.\n" +
                           std::string(records);
  const ZoneLoad load = parseZone(text);
  REQUIRE(load.zone);
  return load.zone;
}

}  // namespace taut::test
