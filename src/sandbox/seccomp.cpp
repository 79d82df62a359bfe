#include "seccomp.hpp"

#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <map>
#include <memory>
#include <new>
#include <system_error>
#include <type_traits>
#include <vector>

#include <fmt/format.h>
#include <seccomp.h>

#include "row.hpp"

namespace taut::sandbox {

namespace {

using Filter = std::unique_ptr<std::remove_pointer_t<scmp_filter_ctx>, decltype(&seccomp_release)>;
using Comparisons = std::vector<scmp_arg_cmp>;

// By the number of a call: each of these allows it. Without a comparison, whatever its arguments are.
using CallRules = std::map<int, std::vector<Comparisons>>;

void check(int result, const char* what) {
  if (result < 0)
    throw std::system_error(-result, std::generic_category(),
                            fmt::format("the sandbox cannot be made (seccomp): {}", what));
}

Filter makeFilter(std::uint32_t otherwise) {
  constexpr std::uint32_t binaryTree = 2;
  Filter filter(seccomp_init(otherwise), &seccomp_release);
  if (!filter) throw std::bad_alloc();
  check(seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS), "other architectures");
  check(seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1), "all threads");
  check(seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, binaryTree), "a tree");
  // It is set before, and the call would be judged by the first filter when the second one is loaded.
  check(seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_NNP, 0), "privileges");
  return filter;
}

Comparisons comparisonsOf(const Call& call) {
  Comparisons comparisons;
  for (const Condition& condition : call.conditions) {
    if (condition.mask == 0) continue;
    const auto value = condition.value == ownProcess ? static_cast<std::uint32_t>(::getpid()) : condition.value;
    comparisons.push_back({condition.argument, SCMP_CMP_MASKED_EQ, condition.mask, value});
  }
  return comparisons;
}

CallRules allowedCalls(std::span<const Feature> features) {
  CallRules allowed;
  for (const Row& row : rows()) {
    if (std::ranges::find(features, row.feature) == features.end()) continue;
    for (const Call& call : row.calls) {
      const int number = seccomp_syscall_resolve_name(call.name);
      if (number >= 0) allowed[number].push_back(comparisonsOf(call));
    }
  }
  return allowed;
}

void addRule(const Filter& filter, std::uint32_t action, int call, const Comparisons& comparisons = {}) {
  const int result =
      seccomp_rule_add_array(filter.get(), action, call, static_cast<unsigned>(comparisons.size()), comparisons.data());
  if (result != -EEXIST) check(result, "a rule");
}

void hideCalls(const Filter& filter) {
  for (const char* const name : hiddenCalls()) {
    const int call = seccomp_syscall_resolve_name(name);
    if (call >= 0) addRule(filter, SCMP_ACT_ERRNO(ENOSYS), call);
  }
}

// Judges which call it is. One that no row has ends the process.
Filter filterOfCalls(const CallRules& allowed) {
  Filter filter = makeFilter(SCMP_ACT_KILL_PROCESS);
  for (const auto& [call, alternatives] : allowed) addRule(filter, SCMP_ACT_ALLOW, call);
  hideCalls(filter);
  return filter;
}

// Judges the arguments. A call with others fails. Of two filters the kernel follows the stricter one, so that this one
// may be mild with calls that the other ends the process for; it lets pass that the other one is loaded.
Filter filterOfArguments(const CallRules& allowed) {
  Filter filter = makeFilter(SCMP_ACT_ERRNO(EACCES));
  for (const auto& [call, alternatives] : allowed) {
    const bool any = std::ranges::any_of(alternatives, &Comparisons::empty);
    if (any) addRule(filter, SCMP_ACT_ALLOW, call);
    if (any) continue;
    for (const Comparisons& comparisons : alternatives) addRule(filter, SCMP_ACT_ALLOW, call, comparisons);
  }
  hideCalls(filter);
  addRule(filter, SCMP_ACT_ALLOW, SCMP_SYS(seccomp));
  return filter;
}

}  // namespace

// Two filters: one cannot both kill at a call that no row has and fail one with other arguments, as libseccomp has a
// single default.
std::string filterCalls(std::span<const Feature> features) {
  constexpr unsigned killsProcesses = 3;  // for all threads, since Linux 4.14
  if (seccomp_api_get() < killsProcesses) return std::generic_category().message(ENOSYS);
  const CallRules allowed = allowedCalls(features);
  const Filter arguments = filterOfArguments(allowed);
  const Filter calls = filterOfCalls(allowed);
  if (const int result = seccomp_load(arguments.get()); result < 0) return std::generic_category().message(-result);
  check(seccomp_load(calls.get()), "the second filter");
  return {};
}

}  // namespace taut::sandbox
