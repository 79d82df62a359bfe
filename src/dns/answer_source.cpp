#include "taut/dns/answer_source.hpp"

#include <array>
#include <cstddef>
#include <string_view>

namespace taut {

std::string AnswerSource::toText() const {
  constexpr std::array<std::string_view, 8> words{"handler",   "server",   "zone",  "cache",
                                                  "forwarder", "recursor", "hosts", "chaos"};
  std::string text(words[static_cast<std::size_t>(kind_)]);
  if (kind_ == Kind::zone) text += ' ' + zone_.toString();
  if (kind_ == Kind::forwarder && !server_.empty()) text += ' ' + server_.toText();
  return text;
}

}  // namespace taut
