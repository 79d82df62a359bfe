#include "process_status.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

namespace taut {

namespace {

// The number that stands after the word at the beginning of a line of the file.
double numberAfter(const char* path, const std::string& word) {
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line))
    if (line.starts_with(word)) return std::strtod(line.c_str() + word.size(), nullptr);
  return 0;
}

double secondsOf(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

// Field 22 of the process's stat, in clock ticks after the boot. The name in field 2 may hold blanks and brackets.
double ticksFromBootToStart() {
  constexpr int fieldsAfterName = 20;
  std::ifstream file("/proc/self/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  std::size_t at = text.rfind(')');
  for (int field = 0; field < fieldsAfterName && at != std::string::npos; ++field) at = text.find(' ', at + 1);
  return at == std::string::npos ? 0 : std::strtod(text.c_str() + at, nullptr);
}

// The descriptor that looks is one of them.
std::uint64_t openDescriptors() {
  std::error_code error;
  const std::filesystem::directory_iterator files("/proc/self/fd", error);
  if (error) return 0;
  return static_cast<std::uint64_t>(std::distance(begin(files), end(files))) - 1;
}

}  // namespace

ProcessStatus processStatus() {
  constexpr double kibibyte = 1024;
  ProcessStatus status;
  status.residentBytes = static_cast<std::uint64_t>(numberAfter("/proc/self/status", "VmRSS:") * kibibyte);
  status.virtualBytes = static_cast<std::uint64_t>(numberAfter("/proc/self/status", "VmSize:") * kibibyte);
  status.openDescriptors = openDescriptors();
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) status.maxDescriptors = limit.rlim_cur;
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) == 0) status.cpuSeconds = secondsOf(usage.ru_utime) + secondsOf(usage.ru_stime);
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  status.startTime = numberAfter("/proc/stat", "btime") + ticksFromBootToStart() / ticks;
  return status;
}

}  // namespace taut
