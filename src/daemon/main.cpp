#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <exception>
#include <system_error>

#include <fmt/format.h>

#include "daemon.hpp"
#include "options.hpp"
#include "taut/base/log.hpp"
#include "taut/base/reason.hpp"

namespace {

// A socket or a zone's file that got the number of a closed standard stream would be taken for the stream.
void occupyStandardDescriptors() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
    if (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", O_RDWR) != fd)
      throw std::system_error(errno, std::generic_category(), "/dev/null");
}

}  // namespace

int main(int argc, char** argv) try {
  occupyStandardDescriptors();
  const auto parsed = taut::parseOptions(argc, argv);
  if (const int* const status = std::get_if<int>(&parsed)) return *status;
  std::signal(SIGPIPE, SIG_IGN);
  return taut::Daemon(std::get<taut::Options>(parsed)).run();
} catch (const std::exception& error) {
  taut::log::flush();
  fmt::print(stderr, "tautd: {}\n", taut::reasonOf(error));
  return 1;
}
