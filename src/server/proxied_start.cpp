#include "proxied_start.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "taut/io/deadline.hpp"
#include "taut/net/proxy_header.hpp"

namespace taut {

Task<bool> ProxiedStart::learnClient(StopToken stop) {
  std::array<std::uint8_t, ProxyHeader::maxSize> octets;
  Deadline deadline(stream_.shard(), patience, stop);
  const auto begin = std::span(octets).first(ProxyHeader::fixedSize);
  const IoResult begun = co_await stream_.readExactly(begin, deadline.token());
  std::size_t received = begun.value();
  const auto size = ProxyHeader::sizeOf(begin.first(received));
  if (size && *size > received) {
    const auto rest = std::span(octets).first(*size).subspan(received);
    const IoResult read = co_await stream_.readExactly(rest, deadline.token());
    received += read.value();
  }
  const auto header = ProxyHeader::read(std::span(octets).first(received));
  if (header) {
    stream_.setPeer(header->clientOf(stream_.peer()));
    destination_ = header->destination();
    co_return true;
  }
  const bool saidNothing = begun.ok() && received == 0;
  if (!saidNothing && !stop.stopRequested()) factory_.ignore(stream_.peer(), Transport::tcp, DropReason::proxy);
  co_return false;
}

}  // namespace taut
