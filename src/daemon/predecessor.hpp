// The server that this process takes over from, as far as `tautctl upgrade` ties them together. That one serves until
// it hears that this one does; where this one fails, it goes on and tells the reason.
#pragma once

#include <string_view>

#include "taut/base/unique_fd.hpp"

namespace taut {

class Predecessor {
 public:
  // The channel that the server before has given away.
  explicit Predecessor(UniqueFd channel) : channel_(std::move(channel)) {}

  // This process ends.
  void failed(std::string_view reason) noexcept;
  // This process serves. Returns when the server before takes no new queries, or has ended. Throws std::runtime_error
  // where it goes on: it has waited too long.
  void takeOver();

 private:
  UniqueFd channel_;
};

}  // namespace taut
