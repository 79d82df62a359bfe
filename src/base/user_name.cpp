#include "taut/base/user_name.hpp"

#include <grp.h>
#include <pwd.h>

#include <array>
#include <cstdio>
#include <memory>

#include "taut/base/shut_in.hpp"

namespace taut {

namespace {

using Room = std::array<char, 16384>;  // octets: for a group with many members

// Libraries that know names from elsewhere cannot be loaded any more once the process has shut itself in, and may make
// any system call. The lines of the file are read in their place.
template <typename Entry, typename Wanted>
std::string nameInFile(const char* path, int (*next)(FILE*, Entry*, char*, std::size_t, Entry**), char* Entry::*name,
                       Wanted Entry::*number, Wanted wanted) {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path, "re"), &std::fclose);
  Room room;
  Entry entry{};
  Entry* found = nullptr;
  while (file && next(file.get(), &entry, room.data(), room.size(), &found) == 0)
    if (entry.*number == wanted) return entry.*name;
  return std::to_string(wanted);
}

}  // namespace

std::string userName(uid_t user) {
  if (isShutIn()) return nameInFile("/etc/passwd", &::fgetpwent_r, &passwd::pw_name, &passwd::pw_uid, user);
  Room room;
  passwd entry{};
  passwd* found = nullptr;
  const bool known = ::getpwuid_r(user, &entry, room.data(), room.size(), &found) == 0 && found != nullptr;
  return known ? found->pw_name : std::to_string(user);
}

std::string groupName(gid_t group) {
  if (isShutIn()) return nameInFile("/etc/group", &::fgetgrent_r, &::group::gr_name, &::group::gr_gid, group);
  Room room;
  ::group entry{};
  ::group* found = nullptr;
  const bool known = ::getgrgid_r(group, &entry, room.data(), room.size(), &found) == 0 && found != nullptr;
  return known ? found->gr_name : std::to_string(group);
}

std::optional<UserAccount> findUser(const std::string& name) {
  Room room;
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwnam_r(name.c_str(), &entry, room.data(), room.size(), &found) != 0 || !found) return std::nullopt;
  return UserAccount{found->pw_name, found->pw_uid, found->pw_gid};
}

}  // namespace taut
