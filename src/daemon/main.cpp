#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <exception>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "config/command_line.hpp"
#include "config/validate.hpp"
#include "daemon.hpp"
#include "taut/base/log.hpp"
#include "taut/base/reason.hpp"
#include "taut/base/text.hpp"

namespace {

// A socket or a zone's file that got the number of a closed standard stream would be taken for the stream.
void occupyStandardDescriptors() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
    if (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", O_RDWR) != fd)
      throw std::system_error(errno, std::generic_category(), "/dev/null");
}

// Prints the mistakes of the configuration, and returns the exit status.
int report(const taut::config::Mistakes& mistakes) {
  constexpr int usageStatus = 2;
  for (const auto& mistake : mistakes) fmt::print(stderr, "tautd: {}\n", mistake.toText());
  fmt::print(stderr, "Try 'tautd --help'.\n");
  return usageStatus;
}

}  // namespace

int main(int argc, char** argv) try {
  occupyStandardDescriptors();
  const auto given = taut::config::readCommandLine(argc, argv);
  if (const int* const status = std::get_if<int>(&given)) return *status;
  auto configuration = taut::config::validate(std::get<taut::config::Settings>(given));
  if (!configuration) return report(configuration.error());
  std::signal(SIGPIPE, SIG_IGN);
  return taut::Daemon(std::move(configuration).value()).run();
} catch (const std::exception& error) {
  taut::log::flush();
  const std::string_view reasons = taut::reasonOf(error);
  for (std::string_view rest = reasons; !rest.empty();) fmt::print(stderr, "tautd: {}\n", taut::takeLine(rest));
  return 1;
}
