// Makes the next version of a zone from the one that is there and the differences that lead to it (RFC 1995 section 4).
//
// It is strict: the first difference begins at the serial of the version, each later one where the one before has ended,
// a record that goes is there, and one that comes is not. Where that is not so the history differs from that of who sent
// the differences, and the whole zone is needed.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "taut/base/result.hpp"
#include "taut/zone/zone.hpp"
#include "taut/zone/zone_builder.hpp"
#include "taut/zone/zone_difference.hpp"

namespace taut {

// The next version, or why there is none. The version is loaded. Between the steps it asks `goesOn`, where that is not
// empty; after a no the reason is void.
Result<std::shared_ptr<const Zone>, std::string> applyDifferences(const std::shared_ptr<const Zone>& version,
                                                                  std::span<const ZoneDifference> differences,
                                                                  const ZoneChecks& checks = {},
                                                                  const std::function<bool()>& goesOn = {});

}  // namespace taut
