// tautctl upgrade: another tautd in place of the one that runs, without a lost query.
#pragma once

#include <string>

#include "management/control_request.hpp"

namespace taut::ctl {

// Under systemd the unit is started anew, and finds its sockets kept. Otherwise the new process is started here, as the
// old one was, with the old one's sockets; that one serves until the new one does, and goes on where it fails.
// Returns how it ended, with nothing printed where that is a failure. Throws ConnectionError and ProcessError.
ControlLine upgrade(const std::string& socket, const ControlRequest& request);

}  // namespace taut::ctl
