#include "sandbox/privileges.hpp"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdint>

#include <doctest/doctest.h>

#include "child.hpp"

namespace privileges_test {

using namespace taut::sandbox;

namespace {

std::uint64_t capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  if (::syscall(SYS_capget, &header, data.data()) != 0) return ~std::uint64_t{0};
  return (std::uint64_t{data[1].permitted | data[1].effective} << 32U) | data[0].permitted | data[0].effective;
}

constexpr std::uint64_t bindService = std::uint64_t{1} << CAP_NET_BIND_SERVICE;
constexpr std::uint64_t overrideFiles = std::uint64_t{1} << CAP_DAC_OVERRIDE;

}  // namespace

TEST_CASE("of the capabilities those are kept that a reload needs, and no privileges are gained any more") {
  const auto drop = [] {
    const std::uint64_t kept = capabilities() & (bindService | (::geteuid() == 0 ? overrideFiles : 0));
    dropPrivileges();
    return capabilities() == kept && ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 1;
  };
  CHECK(inChild(drop) == 0);
}

TEST_CASE("root becomes a user with the user's groups and the capability for low ports alone, for good" *
          doctest::skip(::geteuid() != 0)) {
  const auto user = taut::findUser("nobody");
  REQUIRE(user);
  const auto become = [&] {
    becomeUser(*user);
    uid_t users[3];
    gid_t groups[3];
    if (::getresuid(&users[0], &users[1], &users[2]) != 0 || ::getresgid(&groups[0], &groups[1], &groups[2]) != 0)
      return 1;
    for (const uid_t each : users)
      if (each != user->user) return 2;
    for (const gid_t each : groups)
      if (each != user->group) return 3;
    std::array<gid_t, 64> others{};
    const int count = ::getgroups(static_cast<int>(others.size()), others.data());
    for (int i = 0; i < count; ++i)
      if (others[static_cast<std::size_t>(i)] == 0) return 4;
    if (capabilities() != bindService) return 5;
    return ::setuid(0) == 0 ? 6 : 0;
  };
  CHECK(inChild(become) == 0);
}

TEST_CASE("a user that there is not is not found") {
  CHECK_FALSE(taut::findUser("no-such-user"));
}

}  // namespace privileges_test
