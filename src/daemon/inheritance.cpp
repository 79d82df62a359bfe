#include "inheritance.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "management/named_socket.hpp"
#include "taut/base/log.hpp"
#include "taut/base/parse_number.hpp"

namespace taut {

namespace {

constexpr int firstDescriptor = 3;

std::string takeVariable(const char* name) {
  const char* const value = std::getenv(name);
  std::string text = value ? value : "";
  ::unsetenv(name);
  return text;
}

std::string_view takeName(std::string_view& names) {
  const std::string_view name = names.substr(0, names.find(':'));
  names.remove_prefix(std::min(names.size(), name.size() + 1));
  return name;
}

bool isOwn(std::string_view name) {
  return name.starts_with(socketnames::own);
}

}  // namespace

Inheritance takeInheritance() {
  const auto process = parseNumber<int>(takeVariable("LISTEN_PID"));
  const auto count = parseNumber<int>(takeVariable("LISTEN_FDS"));
  const std::string allNames = takeVariable("LISTEN_FDNAMES");
  Inheritance inheritance;
  if (!process || *process != ::getpid() || !count) return inheritance;
  const long limit = ::sysconf(_SC_OPEN_MAX);
  std::string_view names = allNames;
  for (int i = 0; i < *count && firstDescriptor + i < limit; ++i) {
    const std::string_view name = takeName(names);
    UniqueFd fd(firstDescriptor + i);
    if (::fcntl(fd.get(), F_SETFD, FD_CLOEXEC) != 0) {
      log::warning("descriptor {} of LISTEN_FDS is not open", fd.release());
      continue;
    }
    if (name == socketnames::predecessor) {
      inheritance.predecessor = std::move(fd);
      continue;
    }
    const int number = fd.get();
    if (!inheritance.sockets->add(std::move(fd)))
      log::warning("descriptor {} of LISTEN_FDS is no socket that can be listened on, and closed", number);
    else if (!isOwn(name))
      inheritance.isActivated = true;
    if (isOwn(name) || name.starts_with(socketnames::activated)) inheritance.names.emplace(name);
  }
  return inheritance;
}

}  // namespace taut
