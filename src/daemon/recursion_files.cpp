#include "recursion_files.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "named_files.hpp"
#include "taut/base/address.hpp"
#include "taut/base/log.hpp"
#include "taut/base/unique_fd.hpp"
#include "taut/zone/diagnostic.hpp"

namespace taut {

namespace {

// `place` is where the configuration names the file, for what is about no line of it.
void report(const std::vector<Diagnostic>& messages, const std::string& place, FileErrors& errors) {
  for (const Diagnostic& message : messages) {
    if (message.isError())
      errors.collect([&] { throw std::runtime_error(message.toString() + (message.line == 0 ? place : "")); });
    else
      log::warning("{}", message.toString());
  }
}

TrustAnchorState readAnchorState(const TrustAnchors& configured, const std::string& path) {
  TrustAnchorState state(configured);
  const std::vector<Diagnostic> messages = state.read(path);
  for (const Diagnostic& message : messages) log::warning("{}", message.toString());
  if (!messages.empty()) log::warning("{}: the trust anchors are those of the configuration", path);
  return state;
}

}  // namespace

void requireOutgoing(const config::Configuration& configuration, FileErrors& errors) {
  if (!configuration.recursion) return;
  for (const Address& address : configuration.recursion->options.sources.all()) {
    const UniqueFd fd(::socket(address.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_storage name{};
    const socklen_t length = address.toSockaddr(name);
    if (fd && ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), length) == 0) continue;
    const std::error_code reason(errno, std::generic_category());
    errors.collect([&] {
      throw std::runtime_error(fmt::format("servers cannot be asked from {}: {}{}", address.withPort(0),
                                           reason.message(), placeOf(configuration, "recursion.outgoing")));
    });
  }
}

RecursionFiles readRecursionFiles(const config::Configuration& configuration, FileErrors& errors) {
  RecursionFiles files;
  if (!configuration.recursion) return files;
  const config::RecursionSettings& recursion = *configuration.recursion;
  if (recursion.rootHints.empty())
    files.hints = defaultRootHints();
  else
    report(readRootHints(recursion.rootHints, files.hints), placeOf(configuration, "recursion.root-hints"), errors);
  if (!recursion.validates) return files;
  TrustAnchors anchors;
  if (recursion.trustAnchors.empty()) anchors = defaultTrustAnchors();
  for (const std::string& path : recursion.trustAnchors)
    report(readTrustAnchors(path, anchors), placeOf(configuration, "recursion.trust-anchors"), errors);
  if (!recursion.trustAnchorState.empty()) {
    files.anchorState = readAnchorState(anchors, recursion.trustAnchorState);
    anchors = files.anchorState->anchors();
  }
  files.anchors = std::make_shared<const TrustAnchors>(std::move(anchors));
  return files;
}

}  // namespace taut
