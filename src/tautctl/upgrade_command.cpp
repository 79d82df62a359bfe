#include "upgrade_command.hpp"

#include <signal.h>
#include <sys/wait.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "connection.hpp"
#include "management/named_socket.hpp"
#include "process.hpp"

namespace taut::ctl {

namespace {

// What the server says before it hands its sockets over.
struct Description {
  pid_t process = 0;
  uid_t user = 0;  // who started it
  std::vector<std::string> names;

  // Nothing where it is none, or not yet whole.
  static std::optional<Description> parse(std::string_view text) {
    const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
    if (!json.is_object() || !json.contains("process") || !json.contains("sockets")) return std::nullopt;
    Description description;
    description.process = json["process"].get<pid_t>();
    description.user = json.value("user", uid_t{0});
    description.names = json["sockets"].get<std::vector<std::string>>();
    return description;
  }
};

// Takes what the server sends, and starts the new process when all of it is there.
class Successor {
 public:
  explicit Successor(Connection& connection) : connection_(connection) {}

  bool take(std::string_view part);
  bool isStarted() const { return process_ > 0; }
  // Where the upgrade has failed: ends the process, and says how it has ended; empty where it had to be ended.
  std::string end() const;

 private:
  void start(const Description& description);

  Connection& connection_;
  std::string said_;
  pid_t process_ = 0;
};

bool Successor::take(std::string_view part) {
  if (isStarted()) return true;
  said_ += part;
  const std::size_t end = said_.find('\n');
  if (end == std::string::npos) return true;
  const auto description = Description::parse(said_.substr(0, end));
  if (!description) throw ConnectionError("the server does not say what it hands over");
  if (connection_.descriptorCount() >= description->names.size()) start(*description);
  return true;
}

void Successor::start(const Description& description) {
  std::vector<UniqueFd> descriptors = connection_.takeDescriptors();
  std::vector<GivenDescriptor> given;
  UniqueFd output;
  UniqueFd errors;
  for (std::size_t i = 0; i < description.names.size(); ++i) {
    const std::string& name = description.names[i];
    if (name == socketnames::output)
      output = std::move(descriptors[i]);
    else if (name == socketnames::errors)
      errors = std::move(descriptors[i]);
    else
      given.push_back({std::move(descriptors[i]), name});
  }
  const ProcessStart running = ProcessStart::of(description.process, description.user);
  process_ = startLike(running, std::move(given), std::move(output), std::move(errors));
}

// It ends by itself when it learns that the server goes on, unless it is still at its start.
std::string Successor::end() const {
  constexpr std::chrono::milliseconds pause{10};
  constexpr int attempts = 300;
  int status = 0;
  pid_t ended = 0;
  for (int i = 0; i < attempts && ended == 0; ++i) {
    ended = ::waitpid(process_, &status, WNOHANG);
    if (ended == 0) std::this_thread::sleep_for(pause);
  }
  if (ended == 0) {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, &status, 0);
    return {};
  }
  if (WIFSIGNALED(status)) return fmt::format(" (signal {})", WTERMSIG(status));
  return fmt::format(" (exit status {})", WEXITSTATUS(status));
}

pid_t processOf(Connection& connection) {
  ControlRequest request;
  request.command = {"status"};
  request.json = true;
  std::string text;
  const ControlLine end = connection.ask(request, [&](std::string_view part) {
    text += part;
    return true;
  });
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  const bool isTold = json.is_object() && json.contains("process") && json["process"].is_number_unsigned();
  if (!isTold) throw ConnectionError(end.error.empty() ? "the server does not say which process it is" : end.error);
  return json["process"].get<pid_t>();
}

ControlLine restart(const ServiceUnit& unit) {
  std::vector<std::string> command{"systemctl"};
  if (unit.isOfUser) command.emplace_back("--user");
  command.insert(command.end(), {"restart", unit.name});
  const int status = runCommand(command);
  ControlLine end;
  if (status == 0) return end;
  end.status = static_cast<int>(ControlStatus::failed);
  end.error = fmt::format("systemctl restart {} has failed", unit.name);
  return end;
}

bool systemdRuns() {
  std::error_code error;
  return std::filesystem::is_directory("/run/systemd/system", error);
}

}  // namespace

ControlLine upgrade(const std::string& socket, const ControlRequest& request) {
  Connection connection(socket);
  const ServiceUnit unit = systemdRuns() ? unitOf(processOf(connection)) : ServiceUnit();
  if (!unit.name.empty()) {
    const ControlLine end = restart(unit);
    if (end.error.empty() && request.json) fmt::print("{{\"unit\":{}}}\n", nlohmann::json(unit.name).dump());
    if (end.error.empty() && !request.json) fmt::print("{} has been started anew\n", unit.name);
    return end;
  }
  Successor successor(connection);
  std::string result;
  ControlRequest order = request;
  order.json = true;
  ControlLine end = connection.ask(order, [&](std::string_view part) {
    if (successor.isStarted()) result += part;
    return successor.take(part);
  });
  if (!end.error.empty()) {
    if (successor.isStarted()) end.error += successor.end();
    end.error = "the server goes on as it was: " + end.error;
    return end;
  }
  const nlohmann::json json = nlohmann::json::parse(result, nullptr, false);
  if (!json.is_object()) throw ConnectionError("the server does not say which process serves");
  if (request.json)
    fmt::print("{}", result);
  else
    fmt::print("process {} serves in place of {}\n", json["process"].dump(), json["replaced"].dump());
  return end;
}

}  // namespace taut::ctl
