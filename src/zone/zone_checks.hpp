// The checks of named-checkzone, made by walking the finished zone: what named-checkzone refuses is refused here.
#pragma once

#include "diagnostic_list.hpp"
#include "node_writer.hpp"
#include "record_log.hpp"
#include "taut/zone/zone.hpp"
#include "taut/zone/zone_builder.hpp"

namespace taut::detail {

// `nodes` has the places where the zone's records were read, and `log` the files.
void checkZone(const Zone& zone, const WrittenNodes& nodes, const RecordLog& log, const ZoneChecks& checks,
               DiagnosticList& diagnostics);

}  // namespace taut::detail
