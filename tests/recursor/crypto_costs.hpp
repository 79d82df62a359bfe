// What validation costs, by the price list of the algorithms, counted beneath the classes that have a budget for it:
// the linker puts the counters before the functions that verify and hash (`--wrap` in meson.build).
//
//   const CryptoCosts before = cryptoCosts();
//   …
//   CHECK((cryptoCosts() - before).time <= CryptoBudget::maxTime);
#pragma once

#include <chrono>
#include <cstddef>

namespace taut::test {

struct CryptoCosts {
  std::size_t verifications = 0;
  std::chrono::microseconds time{};  // that these take, as they are priced
  std::size_t nsec3Hashes = 0;       // each iteration is one

  friend CryptoCosts operator-(const CryptoCosts& left, const CryptoCosts& right) {
    return {left.verifications - right.verifications, left.time - right.time, left.nsec3Hashes - right.nsec3Hashes};
  }
};

// Since the start, of this thread.
CryptoCosts cryptoCosts();

// While one of these lives nothing is counted: servers and signers hash too.
class WithoutCryptoCosts {
 public:
  WithoutCryptoCosts();
  ~WithoutCryptoCosts();
  WithoutCryptoCosts(const WithoutCryptoCosts&) = delete;
  WithoutCryptoCosts& operator=(const WithoutCryptoCosts&) = delete;
};

}  // namespace taut::test
