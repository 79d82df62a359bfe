#include "taut/base/user_name.hpp"

#include <grp.h>
#include <pwd.h>

#include <array>

namespace taut {

namespace {

using Room = std::array<char, 16384>;  // octets: for a group with many members

}  // namespace

std::string userName(uid_t user) {
  Room room;
  passwd entry{};
  passwd* found = nullptr;
  const bool known = ::getpwuid_r(user, &entry, room.data(), room.size(), &found) == 0 && found != nullptr;
  return known ? found->pw_name : std::to_string(user);
}

std::string groupName(gid_t group) {
  Room room;
  ::group entry{};
  ::group* found = nullptr;
  const bool known = ::getgrgid_r(group, &entry, room.data(), room.size(), &found) == 0 && found != nullptr;
  return known ? found->gr_name : std::to_string(group);
}

}  // namespace taut
