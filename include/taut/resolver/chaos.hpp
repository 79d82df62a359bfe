// Chaos answers questions of operators about the server itself, in class CH: TXT records of `version.bind`, `id.server`
// and the like (RFC 4892). It answers for the names that it was given, and for no others.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "taut/dns/name.hpp"
#include "taut/resolver/resolver.hpp"

namespace taut {

class Chaos final : public Resolver {
 public:
  static constexpr std::size_t maxText = 255;  // octets: one character-string (RFC 1035 section 3.3)

  // `name` CH TXT is `text`, with a TTL of 0. Throws std::invalid_argument where the text is too long.
  void add(const Name& name, std::string_view text);

  // Takes all names away.
  void clear() { texts_.clear(); }

  Task<std::optional<Answer>> resolve(const Query& query) override;

 private:
  using Text = std::vector<std::uint8_t>;  // RDATA

  std::vector<std::pair<Name, Text>> texts_;
};

}  // namespace taut
