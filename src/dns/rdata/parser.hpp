// Parses the words of one record's RDATA: keeps the word at hand, writes the octets, and notes what is wrong.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "taut/base/bytes.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/dns/rdata/field.hpp"
#include "taut/dns/token.hpp"

namespace taut {

class RdataParser {
 public:
  RdataParser(std::span<const Token> words, NameView origin, ByteWriter& out)
      : words_(words), origin_(origin), out_(out), start_(out.size()) {}

  bool all(const RdataLayout& layout);
  bool generic(Type type, bool isChecked);  // RFC 3597 section 5; the first word was seen to be \#
  TextError takeError() { return std::move(error_); }

  // For the kinds: the word at hand, where more() says that there is one.
  bool more() const { return at_ < words_.size(); }
  std::string_view text() const { return words_[at_].text; }
  bool isQuoted() const { return words_[at_].quoted; }
  bool done() {  // goes on to the next word
    ++at_;
    return true;
  }
  std::span<const Token> rest() const { return words_.subspan(at_); }

  ByteWriter& out() { return out_; }
  ByteSpan rdata() const { return out_.written().subspan(start_); }  // so far

  // Each notes an error and returns false. wrong() is about the word at hand.
  bool failAt(std::size_t word, std::string message);
  bool failHere(std::string message) { return failAt(at_, std::move(message)); }
  bool failAtField(std::string message) { return failAt(fieldAt_, std::move(message)); }  // about its first word
  bool failAtLast(std::string message) { return failAt(words_.size() - 1, std::move(message)); }
  bool wrong(std::string_view expected);
  bool missing(std::string_view expected);

  // Each returns false, and has noted an error, where the words are not as they should be.
  bool word(std::string_view expected) {  // whether there is one that is not quoted
    return more() && !isQuoted() ? true : refuseWord(expected);
  }
  bool number(std::uint64_t maximum, std::uint64_t& value);
  bool name();
  template <class Parse>
  bool octets(std::size_t size, std::string_view expected, Parse parse);  // a word that stands for `size` octets

 private:
  bool refuseWord(std::string_view expected);
  bool finish(Type type, bool isChecked);

  std::span<const Token> words_;
  std::size_t at_ = 0;
  std::size_t fieldAt_ = 0;  // first word of the field at hand, or of the last one
  NameView origin_;
  ByteWriter& out_;
  std::size_t start_;
  TextError error_;
};

template <class Parse>
bool RdataParser::octets(std::size_t size, std::string_view expected, Parse parse) {
  if (!word(expected)) return false;
  std::array<std::uint8_t, 16> octets;
  if (!parse(text(), octets.data())) return wrong(expected);
  out_.bytes(ByteSpan(octets).first(size));
  return done();
}

}  // namespace taut
