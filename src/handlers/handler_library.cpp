#include "handler_library.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <stdexcept>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "handler_file.hpp"
#include "taut/base/unique_fd.hpp"

namespace taut {

namespace {

[[noreturn]] void failAs(const char* what) {
  throw std::runtime_error(fmt::format("{}: {}", what, std::generic_category().message(errno)));
}

UniqueFd copyInMemory(const std::string& octets) {
  UniqueFd copy(::memfd_create("handler", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!copy) failAs("cannot be copied");
  for (std::size_t written = 0; written < octets.size();) {
    const ssize_t count = ::write(copy.get(), octets.data() + written, octets.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) failAs("cannot be copied");
    written += static_cast<std::size_t>(count);
  }
  ::fcntl(copy.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
  return copy;
}

// The loader takes an object of the same path for the one that it has, and the numbers of descriptors come again. So
// each path is another one.
std::string newPathOf(int fd) {
  static std::atomic<unsigned> loaded = 0;
  std::string path = "/proc/self/fd/";
  for (unsigned i = loaded++; i > 0; --i) path += "./";
  return path + std::to_string(fd);
}

const detail::HandlerRecord& recordIn(const std::string& octets) {
  const UniqueFd copy = copyInMemory(octets);
  const std::string path = newPathOf(copy.get());
  void* const object = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!object) {
    const char* const error = ::dlerror();
    std::string reason = error ? error : "for a reason that is not told";
    if (reason.starts_with(path + ": ")) reason.erase(0, path.size() + 2);
    throw std::runtime_error("cannot be loaded: " + reason);
  }
  const auto* const record = static_cast<const detail::HandlerRecord*>(::dlsym(object, "tautHandlerRecord"));
  if (!record) throw std::runtime_error("cannot be loaded: its handler is not found");
  if (record->library != &tautLibrary)
    throw std::runtime_error("has a taut of its own, and two of it in one process do not work");
  return *record;
}

}  // namespace

std::shared_ptr<Resolver> HandlerLibrary::make(Shard& shard, const HandlerOptions& options) const {
  std::shared_ptr<Resolver> resolver = factory_(shard, options);
  options.requireAllAskedFor();
  if (!resolver) throw std::runtime_error("its factory made none: it gave a null pointer");
  return resolver;
}

std::shared_ptr<const HandlerLibrary> HandlerLibraries::load(const std::string& path, std::string_view name) {
  const HandlerFile file(path, name);
  auto& known = loaded_[path];
  const auto same = std::ranges::find(known, file.version(), [](const auto& library) { return library->version(); });
  if (same != known.end()) return *same;
  const detail::HandlerRecord& record = recordIn(file.octets());
  return known.emplace_back(std::make_shared<const HandlerLibrary>(file.version(), record.factory));
}

}  // namespace taut
