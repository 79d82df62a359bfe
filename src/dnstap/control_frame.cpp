#include "taut/dnstap/control_frame.hpp"

#include <array>

namespace taut {

namespace {

constexpr std::uint32_t contentTypeField = 1;

bool hasContentType(ControlType type) {
  return type == ControlType::accept || type == ControlType::ready || type == ControlType::start;
}

}  // namespace

std::optional<std::size_t> ControlFrame::sizeAfter(ByteSpan header) {
  ByteReader reader(header);
  const std::uint32_t escape = reader.u32();
  const std::uint32_t size = reader.u32();
  constexpr std::size_t least = sizeof(std::uint32_t);
  if (!reader.ok() || escape != 0 || size < least || size > maxSize) return std::nullopt;
  return size;
}

std::optional<ControlFrame> ControlFrame::parse(ByteSpan octets) {
  ByteReader reader(octets);
  const std::uint32_t type = reader.u32();
  if (type < static_cast<std::uint32_t>(ControlType::accept) || type > static_cast<std::uint32_t>(ControlType::finish))
    return std::nullopt;
  ControlFrame frame{static_cast<ControlType>(type)};
  while (reader.remaining() > 0) {
    const std::uint32_t field = reader.u32();
    const std::uint32_t size = reader.u32();
    if (field != contentTypeField || !hasContentType(frame.type) || size > maxContentType) return std::nullopt;
    const ByteSpan content = reader.take(size);
    frame.anyContent = false;
    if (asText(content) == dnstapContentType) frame.hasDnstap = true;
  }
  if (!reader.ok()) return std::nullopt;
  return frame;
}

std::vector<std::uint8_t> ControlFrame::write(ControlType type) {
  std::array<std::uint8_t, headerSize + maxSize> buffer;
  ByteWriter writer(buffer);
  constexpr std::size_t fieldHeader = 8;
  const std::size_t field = hasContentType(type) ? fieldHeader + dnstapContentType.size() : 0;
  writer.u32(0);
  writer.u32(static_cast<std::uint32_t>(sizeof(std::uint32_t) + field));
  writer.u32(static_cast<std::uint32_t>(type));
  if (field > 0) {
    writer.u32(contentTypeField);
    writer.u32(static_cast<std::uint32_t>(dnstapContentType.size()));
    writer.bytes(asBytes(dnstapContentType));
  }
  const ByteSpan written = writer.written();
  return {written.begin(), written.end()};
}

}  // namespace taut
