// Answers the names PREFIX0 to PREFIX255 with addresses of a network: a handler that tautd loads, with options.
//
//   [[handler]]
//   name = "workstations"
//   library = "/usr/local/lib/taut/libworkstations.so"
//   suffix = ["example.com"]
//   options = { prefix = "ws", ttl = "5m", network = "192.0.2.0" }
#include "taut/server/handler.hpp"
#include "taut/taut.hpp"

using namespace taut;
using namespace std::chrono_literals;

class Workstations final : public Resolver {
 public:
  explicit Workstations(const HandlerOptions& options)
      : prefix_(options.name("prefix")),
        ttl_(std::chrono::duration_cast<std::chrono::seconds>(options.duration("ttl", 5min))),
        network_(options.address("network", 0)) {
    if (!network_.isV4()) options.reject("network", "an IPv4 network such as \"192.0.2.0\"");
  }

  Task<std::optional<Answer>> resolve(const Query& query) override {
    const auto host = query.name().firstLabelNumber<std::uint8_t>(prefix_.firstLabel());
    if (!host) co_return std::nullopt;  // not mine: ask the next resolver
    Answer answer;
    const auto octets = network_.bytes();
    if (query.type() == Type::A) answer.add(query.name(), ttl_, rdata::A(octets[0], octets[1], octets[2], *host));
    co_return answer;
  }

 private:
  Name prefix_;
  std::chrono::seconds ttl_;
  Address network_;
};

std::shared_ptr<Resolver> makeWorkstations(Shard&, const HandlerOptions& options) {
  return std::make_shared<Workstations>(options);
}
TAUT_HANDLER("workstations", makeWorkstations)
