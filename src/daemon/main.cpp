#include <csignal>
#include <exception>

#include <fmt/format.h>

#include "daemon.hpp"
#include "options.hpp"
#include "taut/base/log.hpp"

int main(int argc, char** argv) {
  const auto parsed = taut::parseOptions(argc, argv);
  if (const int* const status = std::get_if<int>(&parsed)) return *status;
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return taut::Daemon(std::get<taut::Options>(parsed)).run();
  } catch (const std::exception& error) {
    taut::log::flush();
    fmt::print(stderr, "tautd: {}\n", error.what());
    return 1;
  }
}
