// A load over TCP: many connections, several queries under way on each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "in_flight.hpp"
#include "queries.hpp"
#include "tally.hpp"
#include "taut/base/unique_fd.hpp"
#include "udp_load.hpp"

namespace taut {

class TcpLoad {
 public:
  TcpLoad(const LoadOptions& options, QueryList& queries);

  // Opens the connections, keeps the window of each full until the time is over, and waits for what is on its way.
  // Throws std::system_error where a connection is refused.
  void saturate();
  // Opens the connections and asks once on each, so that the server has each in use. Throws where it does not answer.
  void askOnce();

  const Tally& tally() const { return tally_; }
  std::chrono::duration<double> elapsed() const { return elapsed_; }

 private:
  struct Connection {
    UniqueFd fd;
    InFlight inFlight;
    std::vector<std::uint8_t> outgoing;
    std::vector<std::uint8_t> incoming;
    std::size_t sent = 0;      // of `outgoing`
    std::size_t received = 0;  // in `incoming`
    bool waitsForRoom = false;
  };

  Connection open(std::size_t index) const;
  void reopen(std::size_t index);
  void watch(std::size_t index, bool forRoom);
  void fill(Connection& connection);
  bool write(std::size_t index);
  bool read(std::size_t index);
  bool takeFrames(Connection& connection);
  void serve(int timeoutMilliseconds, bool refill);
  bool waiting(std::size_t index) const;
  std::size_t waiting() const;

  const LoadOptions options_;
  QueryList& queries_;
  UniqueFd poll_;
  std::vector<Connection> connections_;
  Tally tally_;
  std::chrono::duration<double> elapsed_{};
};

}  // namespace taut
