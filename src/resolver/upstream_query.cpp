#include "taut/resolver/upstream_query.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "taut/dns/message_view.hpp"
#include "taut/dns/reply_builder.hpp"

namespace taut {

namespace {

constexpr std::size_t optionHead = 4;  // octets: code and length
constexpr std::size_t maxOptions = optionHead + 20 + optionHead + 40;
constexpr std::size_t clientCookieSize = 8;
constexpr std::uint8_t caseBit = 0x20;

// A server that did not understand the query may leave the question out (RFC 6891 section 7).
bool mayOmitQuestion(Rcode rcode) {
  return rcode == Rcode::FORMERR || rcode == Rcode::SERVFAIL || rcode == Rcode::NOTIMP || rcode == Rcode::REFUSED;
}

bool isLetter(std::uint8_t octet) {
  const std::uint8_t lower = octet | caseBit;
  return lower >= 'a' && lower <= 'z';
}

// Octets of lengths are below the letters, so they need not be told apart.
Name withCase(NameView name, std::uint64_t seed) {
  std::array<std::uint8_t, maxNameSize> octets;
  std::ranges::copy(name.wire(), octets.begin());
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (isLetter(octets[i])) octets[i] ^= static_cast<std::uint8_t>((seed >> 63) * caseBit);
    seed = std::rotl(seed, 1);
  }
  const auto mixed = NameView::fromWire(ByteSpan(octets).first(name.size()));
  return mixed ? Name(*mixed) : Name(name);
}

// The name of the only question in a message, where it is this one: no pointer can stand there.
ByteSpan matchQuestion(const Question& question, ByteSpan message) {
  const std::size_t size = question.name.size();
  if (message.size() < messageHeaderSize + size + 4) return {};
  const ByteSpan name = message.subspan(messageHeaderSize, size);
  const std::uint8_t* const behind = message.data() + messageHeaderSize + size;
  const bool same = equalFolded(name.data(), question.name.data(), size) &&
                    loadU16(behind) == static_cast<std::uint16_t>(question.type) &&
                    loadU16(behind + 2) == static_cast<std::uint16_t>(question.rrClass);
  return same ? name : ByteSpan();
}

void putOption(ByteWriter& options, EdnsOption code, std::size_t size) {
  options.u16(static_cast<std::uint16_t>(code));
  options.u16(static_cast<std::uint16_t>(size));
}

// Reads what is behind the question, record by record, without looking at names and data but for those of OPT.
class ReplyWalk {
 public:
  // The records begin at `position`.
  ReplyWalk(const UpstreamQuestion& question, const UpstreamQuery& query, ByteSpan message, std::size_t position,
            UpstreamReplyHead& head)
      : question_(question), query_(query), message_(message), head_(head), reader_(message, position) {}

  // False where it does not parse to its end. Octets after the last record are ignored, as in queries.
  bool run(const MessageView& view) {
    for (const Section section : {Section::answer, Section::authority, Section::additional})
      for (std::size_t left = view.recordCount(section); left > 0; --left)
        if (!readRecord(section)) return false;
    return true;
  }

  // Its client subnet is malformed or another one than that of the query, or the client's cookie is another one.
  bool isForeign() const { return foreign_; }

 private:
  bool readRecord(Section section) {
    const bool ofRoot = skipName();
    const auto type = static_cast<Type>(reader_.u16());
    reader_.skip(2);
    const std::uint32_t ttl = reader_.u32();
    const ByteSpan rdata = reader_.take(reader_.u16());
    if (!reader_.ok()) return false;
    if (type != Type::OPT) return true;
    if (section != Section::additional || !ofRoot || head_.edns) return false;
    head_.edns = true;
    // The 8 upper bits of the RCODE are in OPT's TTL field (RFC 6891 section 6.1.3).
    head_.rcode = static_cast<Rcode>(ttl >> 24 << 4 | static_cast<std::uint32_t>(head_.rcode));
    readOptions(rdata);
    return true;
  }

  // Whether it is the root's.
  bool skipName() {
    for (bool first = true; reader_.ok(); first = false) {
      const std::uint8_t length = reader_.u8();
      if (length == 0) return first;
      if (length > maxLabelSize) {
        reader_.skip(1);  // a pointer, which others judge
        return false;
      }
      reader_.skip(length);
    }
    return false;
  }

  // Options are looked at only where the query had some.
  void readOptions(ByteSpan options) {
    if (!question_.clientSubnet && query_.cookie.empty()) return;
    ByteReader reader(options);
    while (reader.remaining() > 0) {
      const auto code = static_cast<EdnsOption>(reader.u16());
      const ByteSpan data = reader.take(reader.u16());
      if (!reader.ok() || (code == EdnsOption::CLIENT_SUBNET && question_.clientSubnet)) {
        readSubnet(reader.ok() ? data : ByteSpan());
      } else if (code == EdnsOption::COOKIE && !query_.cookie.empty() && head_.cookieSize == 0) {
        readCookie(data);
      }
    }
  }

  // Without an octet it is malformed.
  void readSubnet(ByteSpan data) {
    const auto option = ClientSubnet::read(data);
    if (question_.clientSubnet && (!option || option->subnet != *question_.clientSubnet)) foreign_ = true;
    if (option) head_.subnetScope = option->scopePrefix;
  }

  void readCookie(ByteSpan data) {
    const bool fits = data.size() == clientCookieSize || (data.size() >= 16 && data.size() <= 40);
    if (!fits || !std::ranges::equal(data.first(clientCookieSize), query_.cookie.first(clientCookieSize))) {
      foreign_ = true;
      return;
    }
    head_.cookieOffset = static_cast<std::uint16_t>(data.data() - message_.data());
    head_.cookieSize = static_cast<std::uint16_t>(data.size());
  }

  const UpstreamQuestion& question_;
  const UpstreamQuery& query_;
  ByteSpan message_;
  UpstreamReplyHead& head_;
  ByteReader reader_;
  bool foreign_ = false;
};

}  // namespace

std::size_t writeUpstreamQuery(const UpstreamQuestion& question, const UpstreamQuery& query, MutableByteSpan buffer) {
  ReplyBuilder builder(buffer, buffer.size());
  std::uint16_t flags = question.recursionDesired ? flag::RD | flag::AD : 0;
  if (question.checkingDisabled) flags |= flag::CD;
  builder.begin(query.id, flags);
  if (query.caseSeed != 0) {
    const Name mixed = withCase(question.name, query.caseSeed);
    builder.putQuestion({mixed, question.type, question.rrClass});
  } else {
    builder.putQuestion(question);
  }
  if (!query.edns) return builder.finish();
  std::array<std::uint8_t, maxOptions> octets;
  ByteWriter options{MutableByteSpan(octets)};
  if (question.clientSubnet) {
    putOption(options, EdnsOption::CLIENT_SUBNET, question.clientSubnet->size());
    question.clientSubnet->write(options, 0);
  }
  if (!query.cookie.empty()) {
    putOption(options, EdnsOption::COOKIE, query.cookie.size());
    options.bytes(query.cookie);
  }
  builder.putOpt(query.udpPayloadSize, Rcode::NOERROR, true, options.written());
  return builder.finish();
}

UpstreamReplyHead matchUpstreamReply(const UpstreamQuestion& question, const UpstreamQuery& query, ByteSpan message) {
  using Kind = UpstreamReplyHead::Kind;
  UpstreamReplyHead head;
  const auto view = MessageView::parse(message);
  if (!view || view->id() != query.id || !view->isResponse() || view->opcode() != Opcode::QUERY) return head;
  head.rcode = view->rcode();
  bool proven = true;
  std::size_t position = messageHeaderSize;
  if (view->questionCount() == 1) {
    const ByteSpan name = matchQuestion(question, message);
    if (name.empty()) return head;
    if (query.caseSeed != 0) proven = std::ranges::equal(name, withCase(question.name, query.caseSeed).wire());
    position += name.size() + 4;
  } else if (view->questionCount() != 0 || !mayOmitQuestion(view->rcode())) {
    return head;
  }
  // TC is looked at first: what was cut off need not parse.
  head.kind = Kind::truncated;
  if (view->truncated()) return head;
  head.kind = Kind::malformed;
  ReplyWalk walk(question, query, message, position, head);
  if (!walk.run(*view)) return head;
  if (query.edns && query.cookie.size() > clientCookieSize && head.cookieSize == 0) proven = false;
  head.kind = proven ? Kind::matched : Kind::unproven;
  if (walk.isForeign()) head.kind = Kind::mismatched;
  return head;
}

void restoreCase(const UpstreamQuestion& question, MutableByteSpan message) {
  const ByteSpan name = question.name.wire();
  if (message.size() >= messageHeaderSize + name.size() && loadU16(message.data() + 4) == 1)
    std::ranges::copy(name, message.begin() + messageHeaderSize);
}

}  // namespace taut
