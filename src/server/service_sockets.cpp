#include "service_sockets.hpp"

#include <fcntl.h>

#include <cerrno>
#include <cstddef>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "stream_options.hpp"
#include "taut/base/unique_fd.hpp"
#include "taut/net/tcp_listener.hpp"
#include "taut/net/unix_listener.hpp"

namespace taut {

namespace {

using Shards = std::span<const std::unique_ptr<ShardThread>>;
using Opened = std::vector<std::vector<ServiceSocket>>;  // of each shard

void check(const StreamService& service) {
  if (!service.serve) throw std::invalid_argument("a service has no function that serves");
  if (service.limits.queriesInFlight == 0) throw std::invalid_argument("queries in flight: expected at least 1");
  const bool hasAddress = service.listen != Address();
  if (hasAddress != service.path.empty()) throw std::invalid_argument("a service has an address, or else a path");
}

Address openStreams(const StreamService& service, bool mayBeAbsent, Shards shards, Opened& opened) {
  TcpOptions options = streamOptions();
  options.mustBeFree = true;
  options.mayBeAbsent = mayBeAbsent;
  Address address = service.listen;
  for (std::size_t i = 0; i < shards.size(); ++i) {
    TcpListener socket = TcpListener::bind(shards[i]->shard(), address, options);
    address = service.listen.withPort(socket.localAddress().port());
    opened[i].push_back({service, std::move(socket), nullptr});
    options.mustBeFree = false;
  }
  return address;
}

// One file has one socket, which the shards accept from together.
void openFile(const StreamService& service, Shards shards, Opened& opened) {
  const auto file = std::make_shared<UnixListener>(UnixListener::bind(shards[0]->shard(), service.path));
  for (std::size_t i = 0; i < shards.size(); ++i) {
    UniqueFd copy(::fcntl(file->fd(), F_DUPFD_CLOEXEC, 0));
    if (!copy) throw std::system_error(errno, std::generic_category(), "cannot listen on " + service.path);
    opened[i].push_back({service, TcpListener::adopt(shards[i]->shard(), std::move(copy), streamOptions()), file});
  }
}

}  // namespace

std::vector<Address> openServices(const ServerOptions& options, Shards shards) {
  std::vector<Address> addresses;
  Opened opened(shards.size());
  for (const StreamService& service : options.services) {
    check(service);
    if (!service.path.empty()) openFile(service, shards, opened);
    addresses.push_back(service.path.empty() ? openStreams(service, options.freebind, shards, opened) : Address());
  }
  for (std::size_t i = 0; i < shards.size(); ++i) shards[i]->listenForServices(std::move(opened[i]));
  return addresses;
}

}  // namespace taut
