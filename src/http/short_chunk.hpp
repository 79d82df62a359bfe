// A guard for the parser of Boost.Beast.
#pragma once

#include <cstddef>

namespace taut {

// Whether so few octets have to wait for more before the parser gets them. What is missing of a chunked body has the
// five octets of "0\r\n\r\n" at least, and the parser asserts that it gets them all when it has seen the first line of
// the last chunk.
template <typename Parser>
bool isShortChunk(const Parser& parser, std::size_t size) {
  constexpr std::size_t lastChunk = 5;
  return size < lastChunk && parser.is_header_done() && parser.chunked();
}

}  // namespace taut
