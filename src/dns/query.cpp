#include "taut/dns/query.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "taut/dns/rdata.hpp"
#include "taut/dns/tsig_key.hpp"

namespace taut {

namespace {

// Moves past a name without following its pointers: a query needs to know only where the name ends.
bool skipName(ByteReader& reader) {
  const std::size_t start = reader.position();
  while (reader.ok()) {
    const std::size_t at = reader.position();
    const std::uint8_t length = reader.u8();
    if (length == 0) return reader.ok();
    if (length >= 0xc0) {
      const std::size_t target = (length & 0x3fu) << 8 | reader.u8();
      return reader.ok() && target >= messageHeaderSize && target < at;
    }
    if (length > maxLabelSize || at - start + length + 2 > maxNameSize) return false;
    reader.skip(length);
  }
  return false;
}

}  // namespace

Query::Query(NameView name, Type type, Class rrClass)
    : question_{name, type, rrClass},
      flags_(flag::RD),
      questionCount_(1),
      questionSize_(static_cast<std::uint16_t>(name.size() + 4)) {}

std::optional<Query> Query::parse(ByteSpan message, const QueryClient& client, std::size_t udpLimit) {
  if (message.size() < messageHeaderSize || (message[2] & 0x80) != 0) return std::nullopt;
  return std::optional<Query>(std::in_place, Received{}, message, client, udpLimit);
}

Query::Query(Received, ByteSpan message, const QueryClient& client, std::size_t udpLimit)
    : id_(loadU16(message.data())),
      flags_(loadU16(message.data() + 2)),
      questionCount_(loadU16(message.data() + 4)),
      message_(message),
      client_(client) {
  ByteReader reader(message, messageHeaderSize);
  if (!parseBody(reader)) [[unlikely]]
    peculiarities_ |= malformed;
  if (client.transport == Transport::udp) replyLimit_ = udpReplyLimit(udpLimit);
}

bool Query::parseBody(ByteReader& reader) {
  if (questionCount_ > 0 && !parseQuestion(reader)) return false;
  for (std::uint16_t i = 1; i < questionCount_; ++i) {
    if (!skipName(reader)) return false;
    reader.skip(4);
    if (!reader.ok()) return false;
  }
  for (std::size_t section = 0; section < 3; ++section)
    for (std::uint16_t left = loadU16(message_.data() + 6 + 2 * section); left > 0; --left)
      if (!parseRecord(reader, static_cast<Section>(section), left == 1)) return false;
  return questionCount_ <= 1 || opcode() != Opcode::QUERY;  // in the end: the reply echoes what there was
}

bool Query::parseQuestion(ByteReader& reader) {
  const ByteSpan rest = message_.subspan(reader.position());
  const auto name = NameView::fromWire(rest);
  if (!name || rest.size() < name->size() + 4) return false;
  question_.name = *name;
  question_.type = static_cast<Type>(loadU16(name->data() + name->size()));
  question_.rrClass = static_cast<Class>(loadU16(name->data() + name->size() + 2));
  questionSize_ = static_cast<std::uint16_t>(name->size() + 4);
  reader.skip(questionSize_);
  return true;
}

bool Query::parseRecord(ByteReader& reader, Section section, bool isLast) {
  const bool rootOwner = reader.remaining() > 0 && message_[reader.position()] == 0;
  if (rootOwner)
    reader.skip(1);
  else if (!skipName(reader))
    return false;
  const ByteSpan fields = reader.take(recordFixedSize);
  if (!reader.ok()) return false;
  const ByteSpan rdata = reader.take(loadU16(fields.data() + 8));
  if (!reader.ok()) return false;
  const auto type = static_cast<Type>(loadU16(fields.data()));
  if (type == Type::TSIG) return section == Section::additional && isLast && parseTsig(fields, rdata);
  if (type != Type::OPT) return true;
  if (section != Section::additional || edns_ || !rootOwner) return false;
  return edns_.emplace().read(loadU16(fields.data() + 2), loadU32(fields.data() + 4), rdata);
}

// Of the last record, whose fields begin with its type.
bool Query::parseTsig(ByteSpan fields, ByteSpan rdata) {
  const auto rrClass = static_cast<Class>(loadU16(fields.data() + 2));
  if (rrClass != Class::ANY || !validRdata(Type::TSIG, rdata)) return false;
  peculiarities_ |= tsig;
  return true;
}

Query Query::withQuestion(NameView name, Type type) const {
  Query query = *this;
  query.question_.name = name;
  query.nameHash_ = 0;
  query.question_.type = type;
  query.questionCount_ = 1;
  query.peculiarities_ &= static_cast<std::uint8_t>(~malformed);
  query.questionSize_ = static_cast<std::uint16_t>(name.size() + 4);
  return query;
}

Query Query::forAllClients(bool checkingDisabled) const {
  Query query = *this;
  if (!query.edns_) query.edns_.emplace();
  query.edns_->dnssecOk = true;
  query.replyLimit_ = maxMessageSize;
  query.flags_ &= static_cast<std::uint16_t>(~flag::CD);
  if (checkingDisabled) query.flags_ |= flag::CD;
  return query;
}

const TsigKey* Query::key() const {
  const auto* const signing = hasTsig() ? context<SigningKey>() : nullptr;
  return signing ? signing->key : nullptr;
}

ClientSubnet Query::clientNetwork() const {
  if (edns_ && edns_->clientSubnet) return *edns_->clientSubnet;
  const ByteSpan octets = peer().bytes();
  ClientSubnet network;
  if (octets.size() == 4) network.network = peer().withPort(0);
  if (octets.size() == 16) {
    std::array<std::uint8_t, 16> v6;  // without the scope of a link-local address
    std::ranges::copy(octets, v6.begin());
    network.network = Address::v6(v6);
  }
  network.sourcePrefix = network.maxPrefix();
  return network;
}

std::uint16_t Query::udpReplyLimit(std::size_t own) const {
  const std::size_t offered = edns_ ? edns_->udpPayloadSize : classicUdpSize;
  return static_cast<std::uint16_t>(std::max(classicUdpSize, std::min(offered, own)));
}

}  // namespace taut
