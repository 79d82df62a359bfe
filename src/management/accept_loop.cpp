#include "accept_loop.hpp"

#include <chrono>
#include <new>
#include <utility>

#include "taut/base/log.hpp"
#include "taut/io/sleep.hpp"

namespace taut {

namespace {

void warnOfRefusal(std::string_view what) {
  log::warning("{}: a connection is refused: there is no memory for it", what);
}

}  // namespace

Task<> acceptConnections(Shard& shard, ConnectionStream& streams, std::string_view what,
                         const std::function<void(TcpStream)>& start, StopToken stop) {
  constexpr std::chrono::milliseconds pause{10};
  for (bool open = true; open;) {
    try {
      auto stream = co_await streams.next();
      open = stream.has_value();
      if (open) start(std::move(*stream));
      continue;
    } catch (const std::bad_alloc&) {
      warnOfRefusal(what);
    }
    co_await sleepFor(shard, pause, stop);
  }
  try {
    while (auto stream = streams.acceptNow()) start(std::move(*stream));
  } catch (const std::bad_alloc&) {
    warnOfRefusal(what);
  }
}

}  // namespace taut
