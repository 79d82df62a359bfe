#include "tally.hpp"

#include <fmt/format.h>

#include "taut/dns/type.hpp"

namespace taut {

std::uint64_t LatencyHistogram::upperBound(std::size_t bucket) {
  if (bucket < steps) return bucket;
  const std::size_t shift = bucket / steps - 1;
  return ((bucket % steps + steps + 1) << shift) - 1;
}

std::uint64_t LatencyHistogram::quantile(double quantile) const {
  const double wanted = quantile * static_cast<double>(total_);
  std::uint64_t below = 0;
  for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
    below += counts_[bucket];
    if (below > 0 && static_cast<double>(below) >= wanted) return upperBound(bucket);
  }
  return 0;
}

std::string Tally::toJson(std::chrono::duration<double> elapsed) const {
  std::string rcodeText;
  for (std::size_t rcode = 0; rcode < rcodes.size(); ++rcode) {
    if (rcodes[rcode] == 0) continue;
    if (!rcodeText.empty()) rcodeText += ", ";
    rcodeText += fmt::format("\"{}\": {}", static_cast<Rcode>(rcode), rcodes[rcode]);
  }
  std::string latencyText = "null";
  if (latency.total() > 0) {
    const auto at = [this](double quantile) { return static_cast<double>(latency.quantile(quantile)) / 1000; };
    latencyText = fmt::format("{{\"p50\": {:.2f}, \"p90\": {:.2f}, \"p99\": {:.2f}, \"p99.9\": {:.2f}}}", at(0.5),
                              at(0.9), at(0.99), at(0.999));
  }
  return fmt::format(
      "{{\"seconds\": {:.6f}, \"sent\": {}, \"answered\": {}, \"lost\": {}, \"stray\": {}, \"truncated\": {}, "
      "\"octets\": {}, \"reconnects\": {}, \"rcodes\": {{{}}}, \"latency\": {}}}",
      elapsed.count(), sent, answered, lost, stray, truncated, octets, reconnects, rcodeText, latencyText);
}

}  // namespace taut
