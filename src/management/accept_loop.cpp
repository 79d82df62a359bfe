#include "accept_loop.hpp"

#include <chrono>
#include <new>
#include <utility>

#include "taut/base/log.hpp"
#include "taut/io/sleep.hpp"

namespace taut {

Task<> acceptConnections(Shard& shard, ConnectionStream& streams, std::string_view what,
                         const std::function<void(TcpStream)>& start, StopToken stop) {
  constexpr std::chrono::milliseconds pause{10};
  for (;;) {
    try {
      auto stream = co_await streams.next();
      if (!stream) co_return;
      start(std::move(*stream));
      continue;
    } catch (const std::bad_alloc&) {
      log::warning("{}: a connection is refused: there is no memory for it", what);
    }
    co_await sleepFor(shard, pause, stop);
  }
}

}  // namespace taut
