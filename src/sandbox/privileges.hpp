// What the process may do beyond what its user may (capabilities(7)), and becoming another user.
#pragma once

#include "taut/base/user_name.hpp"

namespace taut::sandbox {

// Gives up the capabilities of the calling thread, except those that a reload needs: for listeners on ports below 1024,
// and, of root, for files of other users. It gains none any more by starting a program. Throws std::system_error.
void dropPrivileges();

// The whole process becomes this user, with the user's groups, and keeps of the capabilities of root only the one for
// ports below 1024. Before other threads are started, which would not keep that one. Throws std::system_error.
void becomeUser(const UserAccount& user);

}  // namespace taut::sandbox
