#include "taut/resolver/chaos.hpp"

#include <algorithm>
#include <stdexcept>

namespace taut {

void Chaos::add(const Name& name, std::string_view text) {
  if (text.size() > maxText) throw std::invalid_argument("text of a CHAOS record: expected at most 255 octets");
  Text rdata{static_cast<std::uint8_t>(text.size())};
  rdata.insert(rdata.end(), text.begin(), text.end());
  texts_.emplace_back(name, std::move(rdata));
}

Task<std::optional<Answer>> Chaos::resolve(const Query& query) {
  if (query.rrClass() != Class::CH) return Task<std::optional<Answer>>::ready(std::nullopt);
  const auto found = std::ranges::find(texts_, query.name(), &std::pair<Name, Text>::first);
  if (found == texts_.end()) return Task<std::optional<Answer>>::ready(std::nullopt);
  Answer answer;
  answer.setSource(AnswerSource::Kind::chaos);
  answer.setAuthoritative(true);
  if (query.type() == Type::TXT || query.type() == Type::ANY)
    answer.addRecord(Section::answer, found->first, Type::TXT, Class::CH, 0, found->second);
  return Task<std::optional<Answer>>::ready(std::move(answer));
}

}  // namespace taut
