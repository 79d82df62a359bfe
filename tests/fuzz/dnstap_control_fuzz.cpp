// Any octets as what a reader of dnstap sends: a frame is read within its size, only a well-formed one is taken, and
// what is taken names dnstap, or nothing, where it says so.
#include "fuzz/fuzz.hpp"
#include "taut/dnstap/control_frame.hpp"

namespace dnstap_control_fuzz {

namespace {

using namespace taut;
using fuzz::require;

bool contains(ByteSpan octets, std::string_view text) {
  return asText(octets).find(text) != std::string_view::npos;
}

}  // namespace

TAUT_FUZZ_TARGET(dnstap_control) {
  const ByteSpan octets(data, size);
  const ByteSpan header = octets.first(std::min(octets.size(), ControlFrame::headerSize));
  const auto announced = ControlFrame::sizeAfter(header);
  if (announced) require(*announced >= 4 && *announced <= ControlFrame::maxSize, "a frame that is read has a bound");
  const ByteSpan rest = octets.subspan(header.size());
  const ByteSpan body = announced ? rest.first(std::min(*announced, rest.size())) : rest;
  const auto frame = ControlFrame::parse(body);
  if (!frame) return 0;
  require(body.size() >= 4, "a frame has a type");
  require(!frame->hasDnstap || contains(body, dnstapContentType), "the content type of dnstap is there");
  require(frame->anyContent == (body.size() == 4), "what follows the type are types of content");
  return 0;
}

}  // namespace dnstap_control_fuzz
