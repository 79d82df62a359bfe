// Writes entries of dnstap to a program that reads them from a socket file, by frame streams. Each shard has a writer
// and a connection of its own.
//
// Entries gather in a FrameRing while the shard works, and what has gathered in a turn of its loop leaves by one write
// at its end, through the shard's engine. Nothing ever waits for the reader: one that stands still, or is not there,
// has the frames fill their ring, and then each further entry is dropped and counted. While there is no reader the
// writer tries again, after 100 ms at first and after 5 seconds at most.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "taut/base/bytes.hpp"
#include "taut/base/clock.hpp"
#include "taut/base/counter.hpp"
#include "taut/coro/event.hpp"
#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/dnstap/control_frame.hpp"
#include "taut/dnstap/frame_ring.hpp"
#include "taut/io/engine.hpp"
#include "taut/io/shard.hpp"
#include "taut/net/tcp_stream.hpp"
#include "taut/net/unix_stream.hpp"

namespace taut {

struct DnstapSocket {
  static constexpr std::size_t maxPath = maxSocketPath;

  std::string path;
  std::size_t memory = std::size_t{1} << 20;  // octets of entries that wait to be written
  // Whether the log says that the reader is there or not. Of several shards one is enough.
  bool logs = true;
};

// Entries that the kernel has taken, and those that were lost.
struct DnstapCounters {
  Counter written;
  Counter dropped;
};

class DnstapWriter final : private BeforeSubmit {
 public:
  DnstapWriter(Shard& shard, DnstapSocket socket);
  DnstapWriter(const DnstapWriter&) = delete;
  DnstapWriter& operator=(const DnstapWriter&) = delete;
  ~DnstapWriter();

  // From now on, until `stop`, there is a connection whenever there is a reader.
  void start();
  // Writes what has gathered, tells the reader that it is all, and ends the connection; within half a second. What has
  // not left by then is dropped, and so is what comes later.
  void stop() noexcept;
  TaskScope::JoinAwaiter join() noexcept { return scope_.join(); }

  // Room for an entry of so many octets, which are to be filled at once; empty where it is dropped.
  MutableByteSpan add(std::size_t size) noexcept;

  // May be read on any thread.
  const DnstapCounters& counters() const noexcept { return counters_; }

 private:
  void beforeSubmit() noexcept override { turnEnds_.set(); }
  void writeAtEndOfTurn() noexcept;

  Task<> run();
  Task<std::string> connect();
  Task<std::string> serve(TcpStream& stream);
  Task<bool> agree(TcpStream& stream);
  Task<IoResult> writeEntries(TcpStream& stream);
  Task<> finish(TcpStream& stream);
  static Task<std::optional<ControlFrame>> receive(TcpStream& stream, StopToken stop);
  void readerFound();
  void readerLost(const std::string& reason);

  Shard& shard_;
  const DnstapSocket socket_;
  FrameRing frames_;
  DnstapCounters counters_;
  Event turnEnds_;
  TaskScope scope_;
  Duration pause_;
  bool complained_ = false;
};

}  // namespace taut
