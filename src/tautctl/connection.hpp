// The tool's end of the control socket.
#pragma once

#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "management/control_request.hpp"
#include "taut/base/unique_fd.hpp"

namespace taut::ctl {

// The server cannot be asked, or says what is no reply.
class ConnectionError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Connection {
 public:
  // Throws ConnectionError.
  explicit Connection(const std::string& path);

  // Sends the request and gives each piece of the reply to `take`, in parts as they come; the end of the reply. `wait`,
  // where there is one, waits until there is something to read from the socket. Either returns false where no more is
  // wanted. Throws ConnectionError.
  using Take = std::function<bool(std::string_view part)>;
  using Wait = std::function<bool(int fd)>;
  ControlLine ask(const ControlRequest& request, const Take& take, const Wait& wait = {});

 private:
  // False, and nothing, where no more is wanted.
  bool fill(const Wait& wait);
  std::optional<std::string> readLine(const Wait& wait);

  std::string path_;
  UniqueFd fd_;
  std::string buffer_;  // received, and not taken yet
};

}  // namespace taut::ctl
