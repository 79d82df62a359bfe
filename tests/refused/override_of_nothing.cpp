// g++: marked 'override', but does not override
// clang++: marked 'override' hides virtual member function
#include "taut/taut.hpp"

using namespace taut;
using namespace std::chrono_literals;

class Mine final : public Resolver {
 public:
  Task<std::optional<Answer>> resolve(Query& query) override;
};
