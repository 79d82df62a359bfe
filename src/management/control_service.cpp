#include "control_service.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <span>
#include <utility>

#include "accept_loop.hpp"
#include "counting.hpp"
#include "taut/base/bytes.hpp"
#include "taut/base/log.hpp"
#include "taut/base/reason.hpp"
#include "taut/io/deadline.hpp"
#include "taut/io/io_result.hpp"
#include "taut/io/sleep.hpp"
#include "taut/net/send_descriptors.hpp"

namespace taut {

namespace {

constexpr std::chrono::seconds linePatience{5};  // for a whole line of a request
// For a reader that takes nothing at all. It may well be a person who reads a page of the reply, and what it has not
// taken is one piece in memory at most.
constexpr std::chrono::minutes readerPatience{5};
constexpr std::size_t maxGroups = 1024;
constexpr std::chrono::milliseconds pause{10};

bool isInGroup(int fd, const PeerCredentials& peer, gid_t group) {
  if (peer.group == group) return true;
  std::array<gid_t, maxGroups> groups{};
  socklen_t length = sizeof groups;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &length) != 0) return false;
  const std::span<const gid_t> given(groups.data(), length / sizeof groups[0]);
  return std::ranges::find(given, group) != given.end();
}

// The kernel asks the permissions of the file when a process connects; this asks who the process is, in case the
// descriptor was handed to another one, or the file's permissions are wider than meant.
bool mayControl(const TcpStream& stream, const std::string& path) {
  const auto peer = peerCredentials(stream);
  if (!peer) return false;
  if (peer->user == 0 || peer->user == ::geteuid()) return true;
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && (status.st_mode & S_IWGRP) != 0 &&
         isInGroup(stream.fd(), *peer, status.st_gid);
}

// As fast as the reader takes it. Where it does not, how much has left is not known, so nothing may follow. What the
// kernel takes at once is sent though the server stops: the reply to the order to stop comes then.
Task<bool> writeSlowly(Shard& shard, TcpStream& stream, std::string_view text, StopToken stop) {
  const IoResult sent = stream.sendNow(asBytes(text));
  if (sent) text.remove_prefix(sent.value());
  Deadline deadline(shard, readerPatience, stop);
  while (!text.empty()) {
    const IoResult written = co_await stream.writeSome(asBytes(text), deadline.token());
    if (!written) {
      stream.shutdown();
      co_return false;
    }
    text.remove_prefix(written.value());
    deadline.restart(readerPatience);
  }
  co_return true;
}

// An operation of the shard carries no descriptors.
int sendRights(int fd, std::span<const int> descriptors) noexcept {
  return sendDescriptors(fd, "\n", descriptors, MSG_DONTWAIT);
}

// Sends the pieces of one reply.
class StreamOutput final : public ControlOutput {
 public:
  StreamOutput(Shard& shard, TcpStream& stream, StopToken stop) noexcept
      : shard_(shard), stream_(stream), stop_(stop) {}

  Task<bool> write(std::string_view text) override {
    if (text.empty()) return Task<bool>::ready(true);
    return writePiece(shard_, stream_, text, stop_);
  }
  Task<bool> isWanted() override { return writePiece(shard_, stream_, {}, stop_); }

  // As pieces of one octet, since descriptors come with octets alone.
  Task<bool> sendDescriptors(std::span<const int> descriptors) override {
    Deadline deadline(shard_, linePatience, stop_);
    const std::string announcement = pieceLine(1);
    while (!descriptors.empty()) {
      const std::span<const int> some = descriptors.first(std::min(descriptors.size(), maxSentDescriptors));
      const IoResult announced = co_await stream_.writeAll(asBytes(announcement), deadline.token());
      if (!announced) co_return false;
      for (int error = sendRights(stream_.fd(), some); error != 0; error = sendRights(stream_.fd(), some)) {
        if (error != EAGAIN) co_return false;
        const bool slept = co_await sleepFor(shard_, pause, deadline.token());
        if (!slept) co_return false;
      }
      descriptors = descriptors.subspan(some.size());
    }
    co_return true;
  }

  static Task<bool> writePiece(Shard& shard, TcpStream& stream, std::string_view text, StopToken stop) {
    const std::string line = pieceLine(text.size());
    bool written = co_await writeSlowly(shard, stream, line, stop);
    if (written) written = co_await writeSlowly(shard, stream, text, stop);
    co_return written;
  }

 private:
  Shard& shard_;
  TcpStream& stream_;
  StopToken stop_;
};

}  // namespace

Task<> ControlService::serve(UnixListener& listener, StopToken accept, StopToken stop) {
  TaskScope scope;
  auto streams = listener.acceptMany(accept);
  const std::function<void(TcpStream)> start = [&](TcpStream stream) {
    if (connections_ < maxConnections)
      scope.spawn(serveConnection(std::move(stream), listener, stop));
    else
      refuse(stream);
  };
  co_await acceptConnections(shard_, streams, "control", start, accept);
  co_await scope.join();
}

// A new connection has room for a line.
void ControlService::refuse(TcpStream& stream) {
  const std::string line = endLine(ControlStatus::failed, "too many control connections; try again when one has ended");
  stream.sendNow(asBytes(line));
}

Task<> ControlService::serveConnection(TcpStream stream, const UnixListener& listener, StopToken stop) {
  const Counting counting(connections_);
  try {
    co_await answerRequests(stream, mayControl(stream, listener.path()), stop);
  } catch (const std::exception& error) {
    log::error("control: a request failed: {}", reasonOf(error));
  }
}

// A request is read before it is refused: closing with octets unread would reset the connection.
Task<> ControlService::answerRequests(TcpStream& stream, bool allowed, StopToken stop) {
  std::string buffer;
  for (bool goesOn = true; goesOn;) {
    goesOn = co_await readLine(stream, buffer, stop);
    if (!goesOn) co_return;
    const std::size_t end = buffer.find('\n');
    const std::string request = buffer.substr(0, end);
    buffer.erase(0, request.size() + 1);
    const ControlOutcome outcome = co_await answer(request, stream, allowed, stop);
    const std::string line = endLine(outcome.status, outcome.error);
    const bool written = co_await writeSlowly(shard_, stream, line, stop);
    goesOn = written && end != std::string::npos;
  }
}

Task<ControlOutcome> ControlService::answer(std::string_view line, TcpStream& stream, bool allowed, StopToken stop) {
  if (!allowed) co_return ControlOutcome{ControlStatus::failed, "this user may not control the server"};
  const auto request = ControlRequest::parse(line);
  if (!request) co_return ControlOutcome{ControlStatus::usage, "expected one line of JSON with a command"};
  const std::string change = ControlVerbs::changeOf(*request);
  const auto peer = peerCredentials(stream);
  if (!change.empty() && peer) log::info("control: {}, by user {}, process {}", change, peer->user, peer->process);
  StreamOutput output(shard_, stream, stop);
  ControlOutcome outcome = co_await verbs_.run(*request, output, stop);
  co_return outcome;
}

// False where the connection ended, or was too slow. A line that is too long is taken as it stands, and then refused.
Task<bool> ControlService::readLine(TcpStream& stream, std::string& buffer, StopToken stop) {
  Deadline deadline(shard_, linePatience, stop);
  std::array<std::uint8_t, 1024> received;
  while (buffer.find('\n') == std::string::npos && buffer.size() <= ControlRequest::maxSize) {
    const IoResult read = co_await stream.readSome(received, deadline.token());
    if (read.value() == 0) co_return false;
    buffer.append(reinterpret_cast<const char*>(received.data()), read.value());
  }
  co_return true;
}

}  // namespace taut
