// The checks of named-checkzone, made by walking a zone that is built: what refuses a zone there refuses it here.
#pragma once

#include "diagnostic_list.hpp"
#include "node_writer.hpp"
#include "record_log.hpp"
#include "taut/zone/zone.hpp"
#include "taut/zone/zone_builder.hpp"

namespace taut::detail {

// `nodes` says where the zone's records were read, and `log` in which files.
void checkZone(const Zone& zone, const WrittenNodes& nodes, const RecordLog& log, const ZoneChecks& checks,
               DiagnosticList& diagnostics);

}  // namespace taut::detail
