// The verb of the control tool that hands the server over to a new process: it gives the sockets away, waits until the
// new process says that it serves, and has this one end. Until then this one serves as if nothing were.
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "control_verbs.hpp"
#include "json_text.hpp"
#include "named_socket.hpp"
#include "posted.hpp"
#include "successor_line.hpp"
#include "taut/base/bytes.hpp"
#include "taut/coro/event.hpp"
#include "taut/io/deadline.hpp"
#include "taut/net/tcp_stream.hpp"

namespace taut {

namespace {

constexpr std::chrono::minutes usualPatience{5};  // for the new process to load its zones
constexpr std::size_t maxSaid = 64 << 10;         // octets that the new process may say of its failure

using Sockets = std::vector<NamedSocket>;

// What the tool has to know to start the new process: which one this is, who started it, and what the descriptors are
// that follow.
std::string describe(const Sockets& sockets, uid_t user) {
  Json names = Json::array();
  for (const NamedSocket& socket : sockets) names.push_back(socket.name);
  Json json;
  json["process"] = ::getpid();
  json["user"] = user;
  json["sockets"] = std::move(names);
  return toLine(json);
}

}  // namespace

// While it is there, the server is being upgraded.
class ControlVerbs::Upgrade {
 public:
  explicit Upgrade(ManagedServer& server) : server_(server) {}
  Upgrade(const Upgrade&) = delete;
  Upgrade& operator=(const Upgrade&) = delete;
  ~Upgrade() { server_.endUpgrade(); }

 private:
  ManagedServer& server_;
};

Task<ControlOutcome> ControlVerbs::upgrade(const ControlRequest& request, ControlOutput& output, StopToken stop) {
  using Collected = Posted<std::shared_ptr<Sockets>>;
  const auto collected = Collected::make(shard_);
  std::function<void(Sockets)> take = [collected](Sockets sockets) {
    collected->set(std::make_shared<Sockets>(std::move(sockets)));
  };
  std::string refusal = server_.beginUpgrade(std::move(take));
  if (!refusal.empty()) co_return failure(std::move(refusal));
  const Upgrade upgrade(server_);
  const bool came = co_await collected->wait(stop);
  if (!came) co_return cutShort();
  Sockets& sockets = *collected->value();

  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    co_return failure("there is no socket for the new process: " + std::generic_category().message(errno));
  TcpStream channel(shard_, UniqueFd(ends[0]), Address());
  sockets.push_back({UniqueFd(ends[1]), std::string(socketnames::predecessor)});
  sockets.push_back(copyOf(STDOUT_FILENO, socketnames::output));
  sockets.push_back(copyOf(STDERR_FILENO, socketnames::errors));
  const bool handedOver = co_await giveAway(sockets, output);
  if (!handedOver) co_return failure("the sockets cannot be handed over");
  ControlOutcome outcome = co_await awaitSuccessor(channel, request.duration.value_or(usualPatience), output, stop);
  co_return outcome;
}

Task<bool> ControlVerbs::giveAway(Sockets& sockets, ControlOutput& output) const {
  std::vector<int> descriptors;
  for (const NamedSocket& socket : sockets) {
    if (!socket.fd) co_return false;
    descriptors.push_back(socket.fd.get());
  }
  const std::string description = describe(sockets, startUser_);
  bool written = co_await output.write(description);
  if (written) written = co_await output.sendDescriptors(descriptors);
  sockets.clear();
  co_return written;
}

// The one moment that counts: when the new process has been told that it is alone, this one ends.
Task<ControlOutcome> ControlVerbs::awaitSuccessor(TcpStream& channel, std::chrono::seconds patience,
                                                  ControlOutput& output, StopToken stop) {
  Deadline deadline(shard_, patience, stop);
  std::string said;
  std::array<std::uint8_t, 4096> buffer;
  IoResult read;
  std::optional<pid_t> process;
  do {
    const IoResult more = co_await channel.readSome(buffer, deadline.token());
    read = more;
    said.append(reinterpret_cast<const char*>(buffer.data()), read.value());
    if (said.ends_with('\n')) process = successor::readyProcess(std::string_view(said).substr(0, said.size() - 1));
  } while (!process && read.value() > 0 && said.size() < maxSaid);
  // The end of this process cuts short what it has not said yet.
  if (process) {
    const std::string result = fmt::format("{{\"process\":{},\"replaced\":{}}}\n", *process, ::getpid());
    co_await output.write(result);
  }
  const IoResult sent = channel.sendNow(asBytes(process ? successor::takenLine : successor::givenUpLine));
  if (process && sent) {
    server_.handOver(*process);
    Event never;
    co_await never.wait(stop);  // what comes after the tool has ended is answered by the new process alone
    co_return ControlOutcome();
  }
  if (stop.stopRequested()) co_return cutShort();
  if (deadline.expired()) co_return failure(fmt::format("the new process was not ready within {} s", patience.count()));
  while (said.ends_with('\n')) said.pop_back();
  if (!said.starts_with(successor::failed)) co_return failure("the new process ended before it was ready");
  co_return failure(said.substr(successor::failed.size()));
}

}  // namespace taut
