// Landlock: which files there are for a thread (landlock(7)). Open descriptors are not concerned.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sandbox.hpp"
#include "taut/base/unique_fd.hpp"

namespace taut::sandbox {

class Landlock {
 public:
  // Without effect where the kernel has no Landlock. Throws std::system_error where rules cannot be made.
  explicit Landlock(std::span<const AllowedPath> paths);

  // Why there is none; empty: there is.
  const std::string& refusal() const { return refusal_; }
  // The calling thread, and those that it starts from then on. It may not gain privileges any more (prctl(2)).
  void restrictThread() const;

 private:
  void allow(const AllowedPath& allowed);

  std::string refusal_;
  std::uint64_t handled_ = 0;  // rights that this kernel can refuse
  UniqueFd rules_;
  std::vector<UniqueFd> kept_;
};

}  // namespace taut::sandbox
