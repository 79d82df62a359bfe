// Settles a version of a zone that has changed much: what lies behind the image goes into a new image, with room for
// further changes behind it.
//
// It costs as much as a part of building the zone, without a sort, and takes the memory of a second one meanwhile. The
// version goes on being right, and may be updated on other threads. Who updates it collects the differences since, and
// applies them to the settled version.
#pragma once

#include <functional>
#include <memory>

#include "taut/zone/zone.hpp"

namespace taut {

// Whether the version has so much beside its image, or so little room for more, that settling pays.
bool isWorthSettling(const Zone& zone);

// A version with the same records. Between the steps it asks `goesOn`, where that is not empty: after a no it is null.
// Who wants to touch memory at a limited rate waits there.
std::shared_ptr<const Zone> settle(const Zone& zone, const std::function<bool()>& goesOn = {});

}  // namespace taut
