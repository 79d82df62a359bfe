#include "taut/net/unix_listener.hpp"

#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "support/temporary_folder.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/io/io_result.hpp"
#include "taut/io/shard.hpp"

namespace unix_listener_test {

using taut::Shard;
using taut::StopSource;
using taut::StopToken;
using taut::Task;
using taut::TaskScope;
using taut::TcpStream;
using taut::UniqueFd;
using taut::UnixListener;

namespace {

class Folder : public taut::TemporaryFolder {
 public:
  std::string socketPath() const { return path("control"); }
};

sockaddr_un nameOf(const std::string& path) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  REQUIRE(path.size() < sizeof name.sun_path);
  path.copy(name.sun_path, path.size());
  return name;
}

UniqueFd makeSocket() {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(fd);
  return fd;
}

UniqueFd connectTo(const std::string& path) {
  UniqueFd fd = makeSocket();
  const sockaddr_un name = nameOf(path);
  REQUIRE(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0);
  return fd;
}

// What a process leaves that ends without removing its file.
void leaveSocketFile(const std::string& path) {
  const UniqueFd fd = makeSocket();
  const sockaddr_un name = nameOf(path);
  REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0);
}

mode_t modeOf(const std::string& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

ino_t inodeOf(const std::string& path) {
  struct stat status {};
  CHECK(::stat(path.c_str(), &status) == 0);
  return status.st_ino;
}

std::string textOfError(Shard& shard, const std::string& path) {
  try {
    const UnixListener listener = UnixListener::bind(shard, path);
    return {};
  } catch (const std::system_error& error) {
    return error.what();
  }
}

Task<> echoOnce(UnixListener& listener, StopToken stop, std::optional<taut::PeerCredentials>& peer) {
  auto connections = listener.acceptMany(stop);
  auto stream = co_await connections.next();
  if (!stream) co_return;
  peer = taut::peerCredentials(*stream);
  std::array<std::uint8_t, 16> buffer{};
  const taut::IoResult read = co_await stream->readSome(buffer, stop);
  const std::span<const std::uint8_t> text(buffer.data(), read.value());
  co_await stream->writeAll(text, stop);
}

}  // namespace

TEST_CASE("a stream over a unix socket carries octets both ways and tells who the peer is") {
  const Folder folder;
  Shard shard;
  UnixListener listener = UnixListener::bind(shard, folder.socketPath());
  StopSource stop;
  TaskScope scope;
  std::optional<taut::PeerCredentials> peer;
  scope.spawn(echoOnce(listener, stop.token(), peer));
  const UniqueFd client = connectTo(folder.socketPath());
  REQUIRE(::send(client.get(), "status", 6, 0) == 6);
  for (int turn = 0; turn < 20 && !scope.empty(); ++turn) shard.poll();
  REQUIRE(scope.empty());
  std::array<char, 16> buffer{};
  CHECK(::recv(client.get(), buffer.data(), buffer.size(), MSG_DONTWAIT) == 6);
  CHECK(std::string(buffer.data()) == "status");
  REQUIRE(peer);
  CHECK(peer->process == ::getpid());
  CHECK(peer->user == ::geteuid());
  CHECK(peer->group == ::getegid());
}

TEST_CASE("a stop ends a listener on a unix socket") {
  const Folder folder;
  Shard shard;
  UnixListener listener = UnixListener::bind(shard, folder.socketPath());
  StopSource stop;
  TaskScope scope;
  std::optional<taut::PeerCredentials> peer;
  scope.spawn(echoOnce(listener, stop.token(), peer));
  shard.poll();
  stop.requestStop();
  for (int turn = 0; turn < 3; ++turn) shard.poll();
  CHECK(scope.empty());
  CHECK(!peer);
}

TEST_CASE("a socket file has the permissions that are asked for, whatever the umask") {
  const Folder folder;
  Shard shard;
  const mode_t before = ::umask(0077);
  {
    const UnixListener listener = UnixListener::bind(shard, folder.socketPath());
    CHECK(modeOf(listener.path()) == 0660);
  }
  ::umask(0);
  const UnixListener listener = UnixListener::bind(shard, folder.socketPath(), 0600);
  ::umask(before);
  CHECK(modeOf(listener.path()) == 0600);
}

TEST_CASE("a socket file is gone when its listener has ended") {
  const Folder folder;
  Shard shard;
  std::vector<UnixListener> moved;
  moved.push_back(UnixListener::bind(shard, folder.socketPath()));
  CHECK(std::filesystem::exists(folder.socketPath()));
  moved.clear();
  CHECK(!std::filesystem::exists(folder.socketPath()));
}

TEST_CASE("a listener that ends leaves the file of another one that has replaced it") {
  const Folder folder;
  Shard shard;
  std::vector<UnixListener> first;
  first.push_back(UnixListener::bind(shard, folder.socketPath()));
  std::filesystem::rename(folder.socketPath(), folder.socketPath() + ".old");
  const UnixListener second = UnixListener::bind(shard, folder.socketPath());
  first.clear();
  CHECK(std::filesystem::exists(folder.socketPath()));
}

TEST_CASE("a listener that ends leaves the file with its inode's number on another device, where it may mount one") {
  const Folder folder;
  std::thread([&] {
    const auto mounts = [&] { return ::mount("taut-test", folder.path().c_str(), "tmpfs", 0, nullptr) == 0; };
    if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 || !mounts())
      return;
    Shard shard;
    std::vector<UnixListener> first;
    first.push_back(UnixListener::bind(shard, folder.socketPath()));
    const ino_t inode = inodeOf(folder.socketPath());
    if (!mounts()) return;
    const UnixListener second = UnixListener::bind(shard, folder.socketPath());
    CHECK(inodeOf(folder.socketPath()) == inode);
    first.clear();
    CHECK(std::filesystem::exists(folder.socketPath()));
  }).join();
}

TEST_CASE("the socket file of a process that has ended is replaced") {
  const Folder folder;
  leaveSocketFile(folder.socketPath());
  Shard shard;
  const UnixListener listener = UnixListener::bind(shard, folder.socketPath());
  CHECK_NOTHROW(connectTo(listener.path()));
}

TEST_CASE("a socket file that a process listens on is an error that names the process") {
  const Folder folder;
  Shard shard;
  const UnixListener listener = UnixListener::bind(shard, folder.socketPath());
  CHECK(textOfError(shard, folder.socketPath()) == "cannot listen on " + folder.socketPath() + ": process " +
                                                       std::to_string(::getpid()) + " does: Address already in use");
  CHECK_NOTHROW(connectTo(listener.path()));
}

TEST_CASE("a file that is no socket is an error, and stays") {
  const Folder folder;
  Shard shard;
  std::ofstream(folder.socketPath()) << "text";
  CHECK(textOfError(shard, folder.socketPath()) ==
        "cannot listen on " + folder.socketPath() + ": there is a file that is no socket: File exists");
  CHECK(std::filesystem::is_regular_file(folder.socketPath()));
}

TEST_CASE("a path that is too long for a socket, or whose folder is missing, is an error that names it") {
  const Folder folder;
  Shard shard;
  const std::string tooLong = folder.socketPath() + std::string(100, 'x');
  CHECK(textOfError(shard, tooLong) ==
        "cannot listen on " + tooLong + ": expected 1 to 107 octets: File name too long");
  const std::string missing = folder.socketPath() + "/control";
  CHECK(textOfError(shard, missing) ==
        "cannot listen on " + missing + ": there is no folder " + folder.socketPath() + ": No such file or directory");
}

}  // namespace unix_listener_test
