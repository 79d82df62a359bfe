// How many descriptors the process may have open (RLIMIT_NOFILE), and for what. Connections never take those that
// forwarding needs: idle clients would keep everyone's questions from being forwarded.
#pragma once

#include <cstddef>

namespace taut {

// What each thread may have at a time.
struct DescriptorShares {
  std::size_t connections = 0;
  std::size_t forwards = 0;  // questions, each with a socket of its own
};

class DescriptorBudget {
 public:
  // What is open now stays open, and is not shared out.
  DescriptorBudget();

  // Raises the soft limit to what is wanted, as far as the hard one allows, and gives what each thread may have then:
  // at least one of each that is wanted. `kept` are for what keeps zones. Where the shares are less than wanted, a line
  // of the log says so. Throws std::runtime_error where there is not even one of each.
  DescriptorShares share(unsigned threads, std::size_t listeners, std::size_t kept,
                         const DescriptorShares& wanted) const;

 private:
  std::size_t open_;
};

}  // namespace taut
