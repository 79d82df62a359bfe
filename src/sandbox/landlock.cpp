#include "landlock.hpp"

#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

namespace taut::sandbox {

namespace {

// As the kernel knows it since Linux 6.12; the header of Debian 12 is older, and has the first member alone. An older
// kernel takes members that it does not know where they are zero.
struct Attributes {
  std::uint64_t files = 0;
  std::uint64_t network = 0;
  std::uint64_t scoped = 0;
};

constexpr std::uint64_t truncate = 1U << 14;
constexpr std::uint64_t deviceIoctl = 1U << 15;
constexpr std::uint64_t abstractSockets = 1U << 0;

// What each version of Landlock can refuse beyond the one before. Truncating goes with writing.
Attributes attributesOf(long version) {
  constexpr std::uint64_t first = LANDLOCK_ACCESS_FS_MAKE_SYM * 2 - 1;
  Attributes attributes;
  attributes.files = first;
  if (version >= 2) attributes.files |= LANDLOCK_ACCESS_FS_REFER;
  if (version >= 3) attributes.files |= truncate;
  if (version >= 5) attributes.files |= deviceIoctl;
  if (version >= 6) attributes.scoped = abstractSockets;
  return attributes;
}

std::uint64_t rightsFor(Access access, bool isFolder) {
  if (access == Access::remove) return isFolder ? LANDLOCK_ACCESS_FS_REMOVE_FILE : 0;
  if (access == Access::write && isFolder)
    return LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_WRITE_FILE |
           LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE | truncate;
  return LANDLOCK_ACCESS_FS_READ_FILE | (isFolder ? LANDLOCK_ACCESS_FS_READ_DIR : 0);
}

// A rule is for an inode. Those of /proc are made anew, without the rule, when the kernel was short of memory and the
// path is not in use.
bool isOfProc(int fd) {
  struct statfs system {};
  return ::fstatfs(fd, &system) == 0 && system.f_type == PROC_SUPER_MAGIC;
}

[[noreturn]] void throwError(int error, const std::string& what) {
  throw std::system_error(error, std::generic_category(), "the sandbox cannot be made (Landlock): " + what);
}

}  // namespace

Landlock::Landlock(std::span<const AllowedPath> paths) {
  const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version <= 0) {
    refusal_ = std::generic_category().message(errno);
    return;
  }
  const Attributes attributes = attributesOf(version);
  handled_ = attributes.files;
  rules_.reset(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0)));
  if (!rules_) throwError(errno, "its rules");
  for (const AllowedPath& allowed : paths) allow(allowed);
}

void Landlock::allow(const AllowedPath& allowed) {
  UniqueFd parent(::open(allowed.path.c_str(), O_PATH | O_CLOEXEC));
  struct stat status {};
  if (!parent || ::fstat(parent.get(), &status) != 0) return;
  landlock_path_beneath_attr rule{};
  rule.allowed_access = rightsFor(allowed.access, S_ISDIR(status.st_mode)) & handled_;
  rule.parent_fd = parent.get();
  if (rule.allowed_access == 0) return;
  if (::syscall(SYS_landlock_add_rule, rules_.get(), LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
    throwError(errno, allowed.path);
  if (isOfProc(parent.get())) kept_.push_back(std::move(parent));
}

void Landlock::restrictThread() const {
  if (rules_ && ::syscall(SYS_landlock_restrict_self, rules_.get(), 0) != 0) throwError(errno, "a thread");
}

}  // namespace taut::sandbox
