// A running process as /proc shows it, and another one that is started just as it was.
#pragma once

#include <sys/types.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "taut/base/unique_fd.hpp"

namespace taut::ctl {

class ProcessError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What decides how a process runs, as it was at its start.
struct ProcessStart {
  pid_t process = 0;
  uid_t user = 0;  // who started it, which only the process itself knows
  gid_t group = 0;
  std::vector<gid_t> groups;
  mode_t umask = 0;
  std::vector<std::string> command;      // its words
  std::vector<std::string> environment;  // NAME=VALUE
  std::string program;                   // the file that the first word leads to now

  // Throws ProcessError where this user may not see it.
  static ProcessStart of(pid_t process, uid_t user);
};

// The unit of systemd that the process belongs to, and whether it is one of the user's own manager; empty: none.
struct ServiceUnit {
  std::string name;
  bool isOfUser = false;
};
ServiceUnit unitOf(pid_t process);

// What a descriptor is in the process that is started: a number there, or, from 3 on, one of LISTEN_FDS with a name.
struct GivenDescriptor {
  UniqueFd fd;
  std::string name;
};

// The streams are null where they are not given. The process is no child that is waited for in the end: it outlives
// this one, in a session of its own. Throws ProcessError.
pid_t startLike(const ProcessStart& start, std::vector<GivenDescriptor> given, UniqueFd output, UniqueFd errors);

// Runs a command with this program's streams, and returns its exit status. Throws ProcessError.
int runCommand(const std::vector<std::string>& words);

}  // namespace taut::ctl
