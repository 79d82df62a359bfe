#include "parser.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "encoding.hpp"
#include "presentation.hpp"
#include "semantics.hpp"

namespace taut {

bool RdataParser::failAt(std::size_t word, std::string message) {
  error_.token = word;
  error_.message = std::move(message);
  return false;
}

bool RdataParser::missing(std::string_view expected) {
  if (more()) return wrong(expected);
  return failAt(words_.size(), fmt::format("missing data: expected {}", expected));
}

bool RdataParser::wrong(std::string_view expected) {
  constexpr std::size_t shown = 40;
  const std::string_view ellipsis = text().size() > shown ? "..." : "";
  return failHere(fmt::format("'{}{}': expected {}", text().substr(0, shown), ellipsis, expected));
}

bool RdataParser::refuseWord(std::string_view expected) {
  if (!more()) return missing(expected);
  return failHere(fmt::format("a quoted string: expected {}", expected));
}

bool RdataParser::number(std::uint64_t maximum, std::uint64_t& value) {
  const auto expected = [&] { return fmt::format("a number from 0 to {}", maximum); };
  if (!more() || isQuoted()) return refuseWord(expected());
  const auto parsed = parseDecimal(text(), maximum);
  if (!parsed) return wrong(expected());
  value = *parsed;
  return done();
}

bool RdataParser::name() {
  if (!word("a domain name")) return false;
  Name name;
  NameError error{};
  if (!Name::parse(text(), origin_, name, &error))
    return failHere(fmt::format("'{}' is not a domain name: {}", text(), describe(error)));
  out_.bytes(name.wire());
  return done();
}

bool RdataParser::finish(Type type, bool isChecked) {
  if (more()) return failHere(fmt::format("'{}': expected nothing more, the data of {} is complete", text(), type));
  if (!out_.ok() || rdata().size() > maxRdataSize)
    return failAt(0, fmt::format("the data of {} has over 65535 octets", type));
  if (!isChecked) return true;
  const SemanticError error = checkSemantics(type, rdata());
  return !error || failAt(std::min(error.field, words_.size()), error.problem);  // each field before it is one word
}

bool RdataParser::all(const RdataLayout& layout) {
  for (const FieldKind* const kind : layout) {
    fieldAt_ = at_;
    if (!kind->parse(*this)) return false;
  }
  return finish(layout.type, true);
}

bool RdataParser::generic(Type type, bool isChecked) {
  constexpr std::string_view expectedSize = "the number of octets, 0 to 65535";
  done();
  if (!word(expectedSize)) return false;
  const auto size = parseDecimal(text(), maxRdataSize);
  if (!size) return wrong(expectedSize);
  const std::size_t sizeAt = at_;
  done();
  fieldAt_ = at_;
  HexDecoder decoder;
  for (; more(); done()) {
    if (!word("hexadecimal")) return false;
    if (!decoder.feed(text(), out_)) return wrong("hexadecimal");
  }
  if (!decoder.finish()) return failAtLast("an odd number of hexadecimal digits: expected whole octets");
  if (!finish(type, false)) return false;
  if (rdata().size() != *size)
    return failAt(sizeAt, fmt::format("{} octets announced: {} follow", *size, rdata().size()));
  if (isChecked && !validRdata(type, rdata()))
    return failAt(std::min(fieldAt_, words_.size() - 1), fmt::format("the octets do not have the form of {}", type));
  return true;
}

std::optional<TextError> parseRdata(Type type, Class rrClass, std::span<const Token> tokens, NameView origin,
                                    ByteWriter& out) {
  RdataParser parser(tokens, origin, out);
  // The addresses of class CH have another form (RFC 1035 section 3.4 is for IN alone); HS shares that of IN.
  const bool hasLayout = type != Type::A || rrClass != Class::CH;
  const RdataLayout* const layout = hasLayout ? findLayout(type) : nullptr;
  const bool isGeneric = !tokens.empty() && !tokens[0].quoted && tokens[0].text == "\\#";
  bool ok = false;
  if (isGeneric)
    ok = parser.generic(type, layout != nullptr);
  else if (layout)
    ok = parser.all(*layout);
  else
    ok = rdata::kind::Opaque::parse(parser);
  if (ok) return std::nullopt;
  return parser.takeError();
}

}  // namespace taut
