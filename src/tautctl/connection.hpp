// The tool's end of the control socket.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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

  // Descriptors that have come with the replies, in their order, and have not been taken yet.
  std::size_t descriptorCount() const { return descriptors_.size(); }
  std::vector<UniqueFd> takeDescriptors() { return std::exchange(descriptors_, {}); }

 private:
  // False, and nothing, where no more is wanted.
  bool fill(const Wait& wait);
  ssize_t receive(char* octets, std::size_t size);
  std::optional<std::string> readLine(const Wait& wait);

  std::string path_;
  UniqueFd fd_;
  std::string buffer_;  // received, and not taken yet
  std::vector<UniqueFd> descriptors_;
};

}  // namespace taut::ctl
