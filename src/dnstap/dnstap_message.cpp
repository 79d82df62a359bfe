#include "taut/dnstap/dnstap_message.hpp"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <iterator>

namespace taut {

namespace {

// Numbers of fields, in dnstap.proto.
namespace entry_field {
constexpr unsigned identity = 1;
constexpr unsigned version = 2;
constexpr unsigned message = 14;
constexpr unsigned type = 15;
}  // namespace entry_field

namespace message_field {
constexpr unsigned type = 1;
constexpr unsigned socketFamily = 2;
constexpr unsigned socketProtocol = 3;
constexpr unsigned queryAddress = 4;
constexpr unsigned responseAddress = 5;
constexpr unsigned queryPort = 6;
constexpr unsigned responsePort = 7;
constexpr unsigned queryTimeSec = 8;
constexpr unsigned queryTimeNsec = 9;
constexpr unsigned queryMessage = 10;
constexpr unsigned responseTimeSec = 12;
constexpr unsigned responseTimeNsec = 13;
constexpr unsigned responseMessage = 14;
}  // namespace message_field

constexpr std::uint64_t messageEntry = 1;  // Dnstap.Type
constexpr std::uint64_t inet = 1;          // SocketFamily
constexpr std::uint64_t inet6 = 2;

enum class WireType : std::uint8_t { varint = 0, octets = 2, fixed32 = 5 };

constexpr std::size_t varintSize(std::uint64_t value) {
  std::size_t size = 1;
  for (; value >= 0x80; value >>= 7) ++size;
  return size;
}

// All numbers of fields here are below 16, so a key is one octet.
class FieldWriter {
 public:
  explicit FieldWriter(MutableByteSpan into) : writer_(into) {}

  void number(unsigned field, std::uint64_t value) {
    key(field, WireType::varint);
    varint(value);
  }
  void octets(unsigned field, ByteSpan value) {
    beginOctets(field, value.size());
    writer_.bytes(value);
  }
  // The octets follow.
  void beginOctets(unsigned field, std::size_t size) {
    key(field, WireType::octets);
    varint(size);
  }
  void append(ByteSpan octets) { writer_.bytes(octets); }
  void time(unsigned secondsField, unsigned nanosecondsField, WallTime time) {
    const auto whole = std::chrono::floor<std::chrono::seconds>(time);
    const std::chrono::nanoseconds fraction = time - whole;
    number(secondsField, static_cast<std::uint64_t>(whole.time_since_epoch().count()));
    key(nanosecondsField, WireType::fixed32);
    const auto rest = static_cast<std::uint32_t>(fraction.count());
    for (unsigned shift = 0; shift < 32; shift += 8) writer_.u8(static_cast<std::uint8_t>(rest >> shift));
  }

  std::size_t size() const { return writer_.size(); }
  bool ok() const { return writer_.ok(); }

 private:
  void key(unsigned field, WireType type) {
    writer_.u8(static_cast<std::uint8_t>(field << 3 | static_cast<unsigned>(type)));
  }
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) writer_.u8(static_cast<std::uint8_t>(value | 0x80));
    writer_.u8(static_cast<std::uint8_t>(value));
  }

  ByteWriter writer_;
};

constexpr std::size_t octetsFieldSize(std::size_t size) {
  return 1 + varintSize(size) + size;
}

// All fields but the DNS message, which is the last one: by its number too, of a query as of a response.
std::size_t writeHead(const DnstapMessage& message, MutableByteSpan into) {
  FieldWriter writer(into);
  writer.number(message_field::type, static_cast<std::uint64_t>(message.type));
  const Address& known = message.querier.empty() ? message.responder : message.querier;
  if (!known.empty()) writer.number(message_field::socketFamily, known.isV6() ? inet6 : inet);
  writer.number(message_field::socketProtocol, message.transport == Transport::udp ? 1 : 2);
  if (!message.querier.empty()) writer.octets(message_field::queryAddress, message.querier.bytes());
  if (!message.responder.empty()) writer.octets(message_field::responseAddress, message.responder.bytes());
  if (!message.querier.empty()) writer.number(message_field::queryPort, message.querier.port());
  if (!message.responder.empty()) writer.number(message_field::responsePort, message.responder.port());
  writer.time(message_field::queryTimeSec, message_field::queryTimeNsec, message.queryTime);
  if (message.responseTime)
    writer.time(message_field::responseTimeSec, message_field::responseTimeNsec, *message.responseTime);
  assert(writer.ok());
  return writer.size();
}

}  // namespace

std::optional<DnstapType> dnstapTypeOf(std::string_view name) {
  struct Named {
    std::string_view name;
    DnstapType type;
  };
  constexpr Named types[] = {
      {"auth-query", DnstapType::authQuery},           {"auth-response", DnstapType::authResponse},
      {"client-query", DnstapType::clientQuery},       {"client-response", DnstapType::clientResponse},
      {"forwarder-query", DnstapType::forwarderQuery}, {"forwarder-response", DnstapType::forwarderResponse},
  };
  const auto* const found = std::ranges::find(types, name, &Named::name);
  return found == std::end(types) ? std::nullopt : std::optional(found->type);
}

DnstapIdentity::DnstapIdentity(std::string_view identity, std::string_view version)
    : octets_(octetsFieldSize(identity.size()) + octetsFieldSize(version.size())) {
  FieldWriter writer(octets_);
  if (!identity.empty()) writer.octets(entry_field::identity, asBytes(identity));
  if (!version.empty()) writer.octets(entry_field::version, asBytes(version));
  octets_.resize(writer.size());
}

DnstapEntry::DnstapEntry(const DnstapIdentity& identity, const DnstapMessage& message)
    : identity_(identity.octets()), message_(message.octets) {
  headSize_ = writeHead(message, head_);
  const bool response = isResponse(message.type);
  FieldWriter writer(MutableByteSpan(head_).subspan(headSize_));
  writer.beginOctets(response ? message_field::responseMessage : message_field::queryMessage, message_.size());
  assert(writer.ok());
  headSize_ += writer.size();
  innerSize_ = headSize_ + message_.size();
  constexpr std::size_t typeSize = 2;
  size_ = identity_.size() + octetsFieldSize(innerSize_) + typeSize;
}

void DnstapEntry::write(MutableByteSpan into) const {
  FieldWriter writer(into);
  writer.append(identity_);
  writer.beginOctets(entry_field::message, innerSize_);
  writer.append(ByteSpan(head_).first(headSize_));
  writer.append(message_);
  writer.number(entry_field::type, messageEntry);
  assert(writer.ok() && writer.size() == size_);
}

}  // namespace taut
