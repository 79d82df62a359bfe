// What one client's question may cost in cryptography, all questions that it leads to included.
//
// Zones can be made to cost much: keys that share a tag and signatures that fit none (CVE-2023-50387), NSEC3 chains
// with many iterations (CVE-2023-50868). So the work is counted by its price and not by its number: one verification
// costs from 10 to 1,400 µs. There is one object for each question, by reference to all the work: one that were copied
// would begin again.
#pragma once

#include <chrono>
#include <cstddef>

namespace taut {

class CryptoBudget {
 public:
  static constexpr std::chrono::microseconds maxTime = std::chrono::milliseconds(20);
  static constexpr unsigned maxFailures = 3;       // signatures and keys that were wrong; an honest answer has none
  static constexpr unsigned maxNsec3Blocks = 600;  // SHA-1 blocks: a name of few octets, without iterations, is one

  // False, and nothing is taken, where there is not so much left, or after the last failure.
  bool take(std::chrono::microseconds price) {
    if (price > left_ || failures_ >= maxFailures) return refuse();
    left_ -= price;
    return true;
  }
  bool takeNsec3Blocks(std::size_t count) {
    if (count > nsec3Blocks_) return refuse();
    nsec3Blocks_ -= count;
    return true;
  }
  void noteFailure() { ++failures_; }
  // Back to so many failures, as failures() told them before: what came since was another key of the same tag.
  void forgiveFailuresAfter(unsigned before) { failures_ = before; }

  std::chrono::microseconds left() const { return left_; }
  unsigned failures() const { return failures_; }
  std::size_t nsec3BlocksLeft() const { return nsec3Blocks_; }
  // Whether something was refused.
  bool isSpent() const { return spent_; }

 private:
  bool refuse() {
    spent_ = true;
    return false;
  }

  std::chrono::microseconds left_ = maxTime;
  unsigned failures_ = 0;
  std::size_t nsec3Blocks_ = maxNsec3Blocks;
  bool spent_ = false;
};

}  // namespace taut
