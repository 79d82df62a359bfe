// Datagrams that the kernel dropped because the receive buffer of their socket was full: what is lost before the server
// sees it. Each socket counts them itself (SO_MEMINFO, socket(7)); this is the sum of the sockets of a shard.
//
// It may be read on any thread, so each socket is known here for as long as it is open.
#pragma once

#include <cstdint>
#include <mutex>

#include "taut/base/intrusive_list.hpp"

namespace taut {

class ReceiveDrops {
 public:
  // Known from now on, until it is destroyed. The socket is open for as long.
  class Socket : private ListHook<Socket> {
   public:
    Socket(ReceiveDrops& drops, int fd) noexcept;
    Socket(const Socket&) = delete;
    ~Socket();

   private:
    friend ReceiveDrops;
    friend IntrusiveList<Socket, Socket>;

    ReceiveDrops& drops_;
    int fd_;
  };

  // Since the start, those of closed sockets among them.
  std::uint64_t total() const;

 private:
  mutable std::mutex mutex_;
  mutable IntrusiveList<Socket, Socket> sockets_;  // looked through by `total`
  std::uint64_t closed_ = 0;
};

}  // namespace taut
