#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "config/account.hpp"
#include "config/command_line.hpp"
#include "config/load.hpp"
#include "config/secrets.hpp"
#include "daemon.hpp"
#include "file_errors.hpp"
#include "inheritance.hpp"
#include "loaded_handlers.hpp"
#include "predecessor.hpp"
#include "taut/base/log.hpp"
#include "taut/base/reason.hpp"
#include "taut/base/text.hpp"

namespace config = taut::config;

namespace {

// A socket or a zone's file that got the number of a closed standard stream would be taken for the stream.
void occupyStandardDescriptors() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
    if (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", O_RDWR) != fd)
      throw std::system_error(errno, std::generic_category(), "/dev/null");
}

// Prints the mistakes of the configuration, and returns the exit status: that of a wrong usage where it is the command
// line alone that is wrong.
int report(const config::Mistakes& mistakes, taut::Predecessor* predecessor) {
  constexpr int mistakeStatus = 1;
  constexpr int usageStatus = 2;
  bool isUsage = true;
  std::string all;
  for (const config::Mistake& mistake : mistakes) {
    const bool isOption = mistake.origin.kind() == config::Origin::Kind::commandLine;
    fmt::print(stderr, "{}{}\n", isOption ? "tautd: " : "", mistake.toText());
    isUsage = isUsage && isOption;
    all.append(all.empty() ? "" : "\n").append(mistake.toText());
  }
  if (isUsage) fmt::print(stderr, "Try 'tautd --help'.\n");
  if (predecessor) predecessor->failed(all);
  return isUsage ? usageStatus : mistakeStatus;
}

// Prints what is wrong with the handlers, which are loaded and made for that; the exit status.
int checkHandlers(const config::Configuration& configuration) {
  taut::FileErrors errors;
  taut::checkHandlers(configuration.handlers, errors);
  if (errors.text().empty()) return 0;
  fmt::print(stderr, "{}\n", errors.text());
  return 1;
}

int serve(int argc, char** argv, const taut::Inheritance& inheritance, taut::Predecessor* predecessor) {
  const auto given = config::readCommandLine(argc, argv);
  if (const int* const status = std::get_if<int>(&given)) return *status;
  const auto& commandLine = std::get<config::CommandLine>(given);
  const config::Sources sources{config::chooseFile(commandLine.file, commandLine.settings, config::defaultFile),
                                config::Environment::ofProcess(), commandLine.settings};
  auto configuration = config::load(sources);
  if (!configuration) return report(configuration.error(), predecessor);
  if (const auto wrong = config::checkSecrets(*configuration); !wrong.empty()) return report(wrong, predecessor);
  if (const auto wrong = config::checkUser(*configuration); !wrong.empty()) return report(wrong, predecessor);
  if (commandLine.check) return checkHandlers(*configuration);
  std::signal(SIGPIPE, SIG_IGN);
  return taut::Daemon(std::move(configuration).value(), sources, inheritance, predecessor).run();
}

}  // namespace

int main(int argc, char** argv) {
  std::optional<taut::Predecessor> predecessor;
  try {
    occupyStandardDescriptors();
    taut::Inheritance inheritance = taut::takeInheritance();
    if (inheritance.predecessor) predecessor.emplace(std::move(inheritance.predecessor));
    return serve(argc, argv, inheritance, predecessor ? &*predecessor : nullptr);
  } catch (const std::exception& error) {
    taut::log::flush();
    const std::string_view reasons = taut::reasonOf(error);
    for (std::string_view rest = reasons; !rest.empty();) fmt::print(stderr, "tautd: {}\n", taut::takeLine(rest));
    if (predecessor) predecessor->failed(reasons);
    return 1;
  }
}
