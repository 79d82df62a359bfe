#include "privileges.hpp"

#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <string>
#include <system_error>

#include <fmt/format.h>

namespace taut::sandbox {

namespace {

// Two words of 32 bits; those that are kept are in the first.
using Capabilities = std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3>;

constexpr std::uint32_t bindService = 1U << CAP_NET_BIND_SERVICE;
constexpr std::uint32_t overrideFiles = 1U << CAP_DAC_OVERRIDE;

void check(int result, const std::string& what) {
  if (result != 0) throw std::system_error(errno, std::generic_category(), what);
}

// By the calls themselves: libcap would be one more library for two of them.
void keepOnly(std::uint32_t kept) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  Capabilities capabilities{};
  check(static_cast<int>(::syscall(SYS_capget, &header, capabilities.data())), "capget");
  // systemd may filter capset, and has left no more then.
  if ((capabilities[0].permitted & ~kept) == 0 && capabilities[1].permitted == 0) return;
  capabilities[0].permitted &= kept;
  capabilities[0].effective = capabilities[0].permitted;
  capabilities[0].inheritable = 0;
  capabilities[1] = {};
  check(static_cast<int>(::syscall(SYS_capset, &header, capabilities.data())), "capset");
}

}  // namespace

void dropPrivileges() {
  keepOnly(bindService | (::geteuid() == 0 ? overrideFiles : 0));
  check(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no new privileges");
}

void becomeUser(const UserAccount& user) {
  const std::string what = fmt::format("the server cannot become user {}", user.name);
  check(::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), what);
  check(::initgroups(user.name.c_str(), user.group), what);
  check(::setresgid(user.group, user.group, user.group), what);
  check(::setresuid(user.user, user.user, user.user), what);
  check(::prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0), what);
  keepOnly(bindService | (user.user == 0 ? overrideFiles : 0));
}

}  // namespace taut::sandbox
