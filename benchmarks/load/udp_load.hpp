// A load over UDP: batches sent with sendmmsg and received with recvmmsg, from one socket or from many.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "in_flight.hpp"
#include "queries.hpp"
#include "tally.hpp"
#include "taut/base/address.hpp"
#include "taut/base/unique_fd.hpp"

namespace taut {

struct LoadOptions {
  Address server;
  std::size_t sockets = 1;
  std::size_t window = 128;  // queries in flight over all sockets
  std::size_t batch = 64;    // queries sent at once on one socket
  double seconds = 5;
  double rate = 0;         // queries a second; 0: as many as are answered
  double lossAfter = 1.0;  // seconds until a query counts as lost
};

class UdpLoad {
 public:
  UdpLoad(const LoadOptions& options, QueryList& queries);

  // Keeps the window full until the time is over, and waits for what is on its way.
  void saturate();
  // Sends at a constant rate, even when nothing comes back. Latency counts from when a query was due.
  void pace();

  const Tally& tally() const { return tally_; }
  std::chrono::duration<double> elapsed() const { return elapsed_; }

 private:
  static constexpr std::size_t maxBatch = 64;
  static constexpr std::size_t maxQuery = 512;
  static constexpr std::size_t maxAnswer = 4096;

  struct Channel {
    UniqueFd fd;
    InFlight inFlight;
  };

  Channel openChannel() const;
  void send(Channel& channel, std::size_t count, LoadClock::time_point due);
  bool receive(Channel& channel);
  bool receiveAll();
  void refill(Channel& channel);
  void expire(LoadClock::duration age);
  void drain();
  std::size_t waiting() const;

  const LoadOptions options_;
  QueryList& queries_;
  std::vector<Channel> channels_;
  UniqueFd poll_;
  Tally tally_;
  std::chrono::duration<double> elapsed_{};
  std::size_t turn_ = 0;

  std::vector<std::array<std::uint8_t, maxQuery>> outgoing_;
  std::vector<std::array<std::uint8_t, maxAnswer>> incoming_;
  std::array<iovec, maxBatch> outgoingParts_;
  std::array<iovec, maxBatch> incomingParts_;
  std::array<mmsghdr, maxBatch> outgoingMessages_;
  std::array<mmsghdr, maxBatch> incomingMessages_;
};

}  // namespace taut
