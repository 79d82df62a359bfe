#include "descriptors.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <stdexcept>
#include <string>
#include <system_error>

#include <fmt/format.h>

#include "taut/base/log.hpp"

namespace taut {

namespace {

constexpr std::size_t files = 16;  // zones and what they include, lists, hosts files

// For each thread: a ring, what wakes it, and its resolv.conf.
constexpr std::size_t ofThread = 3;
// For each thread: a socket for UDP, one for TCP, and the connection that has just been accepted.
constexpr std::size_t ofListener = 3;

std::size_t openNow() {
  constexpr std::size_t standardStreams = 3;
  std::error_code error;
  const std::filesystem::directory_iterator open("/proc/self/fd", error);
  if (error) return standardStreams;
  return static_cast<std::size_t>(std::distance(begin(open), end(open)));
}

rlim_t raiseLimit(std::size_t wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted;
  if (limit.rlim_cur >= wanted) return limit.rlim_cur;
  rlimit raised = limit;
  raised.rlim_cur = std::min<rlim_t>(limit.rlim_max, wanted);
  return ::setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised.rlim_cur : limit.rlim_cur;
}

// Forwarding gets half, or what is wanted of it where that is less, and what connections leave.
DescriptorShares divide(std::size_t share, const DescriptorShares& wanted) {
  const std::size_t half = std::min(wanted.forwards, share / 2);
  const std::size_t connections = std::min(wanted.connections, share - half);
  return {connections, std::min(wanted.forwards, share - connections)};
}

std::string describeForwards(const DescriptorShares& shares, const DescriptorShares& wanted) {
  if (wanted.forwards == 0) return {};
  return fmt::format(", and forwards {} questions instead of {}", shares.forwards, wanted.forwards);
}

}  // namespace

DescriptorBudget::DescriptorBudget() : open_(openNow()) {}

// The default soft limit, 1024, protects programs that call select. A server may use the hard limit.
DescriptorShares DescriptorBudget::share(unsigned threads, std::size_t listeners, std::size_t kept,
                                         const DescriptorShares& wanted) const {
  const std::size_t fixed = open_ + files + kept + threads * (ofThread + listeners * ofListener);
  const std::size_t limit = raiseLimit(fixed + threads * (wanted.connections + wanted.forwards));
  const std::size_t share = limit > fixed ? (limit - fixed) / threads : 0;
  const std::size_t least = wanted.forwards > 0 ? 2 : 1;
  if (share < least)
    throw std::runtime_error(
        fmt::format("{} descriptors may be open, too few for {} threads: raise the limit on open files (`ulimit -n`) "
                    "to {} at least",
                    limit, threads, fixed + threads * least));
  const DescriptorShares shares = divide(share, wanted);
  if (shares.connections < wanted.connections || shares.forwards < wanted.forwards)
    log::warning("{} descriptors may be open: each thread serves {} connections at a time instead of {}{}", limit,
                 shares.connections, wanted.connections, describeForwards(shares, wanted));
  return shares;
}

}  // namespace taut
