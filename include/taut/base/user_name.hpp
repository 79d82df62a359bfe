// Users and groups: their names for messages, and the user that a server is to become.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace taut {

// The number where there is no name. A process that has shut itself in knows those of /etc/passwd and /etc/group alone.
std::string userName(uid_t user);
std::string groupName(gid_t group);

struct UserAccount {
  std::string name;
  uid_t user;
  gid_t group;
};

// Nothing where there is none of this name. Before the process has shut itself in.
std::optional<UserAccount> findUser(const std::string& name);

}  // namespace taut
