// What the process was given at its start: sockets of a service manager (sd_listen_fds(3)), or all of the server that
// it takes over from (`tautctl upgrade`), which come in the same way.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "taut/base/unique_fd.hpp"
#include "taut/net/given_sockets.hpp"

namespace taut {

struct Inheritance {
  std::shared_ptr<GivenSockets> sockets = std::make_shared<GivenSockets>();  // never null
  bool isActivated = false;     // some of them say themselves what is to be listened on
  std::set<std::string> names;  // of those that a server before has named, and the service manager may keep
  UniqueFd predecessor;         // where the server before waits for this one; none: there is no such server
};

// By LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES, which are gone from the environment then. Call it before another
// descriptor is opened or a thread started.
Inheritance takeInheritance();

}  // namespace taut
