// What the log says of zones: those that there are, and what a reload changed.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "taut/zone/zone.hpp"
#include "taut/zones/zone_store.hpp"

namespace taut::detail {

// Lines that name zones one by one, of each kind: more would tell less.
constexpr std::size_t maxNamedZones = 20;

// ` of view NAME` for a zone of a view, nothing for others.
std::string ofView(std::string_view view);

struct LoggedZone {
  const Zone* zone;
  std::string_view view;  // empty: none
};

// A line for each of them, or one for all.
void logZones(const std::vector<LoggedZone>& zones);

// One zone that was loaded, for the first time where `before` is not loaded.
void logLoaded(const Zone& before, const Zone& zone, std::string_view view, const ZoneReload& soFar);

// Records have changed and the serial has not become greater, so that secondaries keep what they have.
void warnOfSerial(const Zone& before, const Zone& zone, std::string_view view, const ZoneReload& soFar);

void logRemoved(const Zone& zone, std::string_view view, const ZoneReload& soFar);

// What a reload came to.
void logReload(const ZoneReload& report);

// Those that are not there after a load, or that all are.
void logTotal(const ZoneReload& report);

}  // namespace taut::detail
