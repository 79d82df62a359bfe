// Names of users and groups, for messages.
#pragma once

#include <sys/types.h>

#include <string>

namespace taut {

// The number where there is no name.
std::string userName(uid_t user);
std::string groupName(gid_t group);

}  // namespace taut
