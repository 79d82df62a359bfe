#include "taut/dns/tsig.hpp"

#include <algorithm>
#include <utility>

#include "taut/dns/message_view.hpp"
#include "taut/dns/query.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/dns/type.hpp"
#include "tsig_mac.hpp"

#include <openssl/crypto.h>

namespace taut {

namespace {

constexpr std::size_t rdataFixedSize = 16;  // RDATA without algorithm, MAC and other data
constexpr std::size_t serverTimeSize = 6;   // the other data of a BADTIME
constexpr std::size_t leastMacSize = 10;    // RFC 8945 section 5.2.2.1

// Of RDATA that has its layout.
void readRdata(ByteSpan rdata, TsigRecord& record) {
  const NameView algorithm = *NameView::fromWire(rdata);
  record.algorithm = algorithm;
  ByteReader reader(rdata, algorithm.size());
  record.timeSigned = reader.u48();
  record.fudge = reader.u16();
  record.mac = reader.take(reader.u16());
  record.originalId = reader.u16();
  record.error = reader.u16();
  record.other = reader.take(reader.u16());
}

bool isOfAllowedSize(ByteSpan mac, TsigAlgorithm algorithm) {
  const std::size_t whole = macSizeOf(algorithm);
  return mac.size() <= whole && mac.size() >= std::max(leastMacSize, whole / 2);
}

// Takes the same time wherever the two differ. A MAC that is truncated is compared as far as it goes.
bool matches(ByteSpan given, const TsigMacOctets& computed) {
  const ByteSpan whole = computed.span();
  return !given.empty() && given.size() <= whole.size() && CRYPTO_memcmp(given.data(), whole.data(), given.size()) == 0;
}

bool isInTime(const TsigRecord& record, std::uint64_t now) {
  const std::uint64_t apart = std::max(record.timeSigned, now) - std::min(record.timeSigned, now);
  return apart <= record.fudge;
}

TsigError errorOf(const TsigKey& key, ByteSpan message, const TsigRecord& record, std::uint64_t now) {
  detail::TsigMac mac(key);
  mac.addMessage(message, record.offset, record.originalId);
  mac.addVariables(record);
  if (!matches(record.mac, mac.finish())) return TsigError::BADSIG;
  return isInTime(record, now) ? TsigError::none : TsigError::BADTIME;
}

void writeRecord(ByteWriter& writer, const TsigRecord& record) {
  writer.bytes(record.key.wire());
  writer.u16(static_cast<std::uint16_t>(Type::TSIG));
  writer.u16(static_cast<std::uint16_t>(Class::ANY));
  writer.u32(0);
  writer.u16(
      static_cast<std::uint16_t>(record.algorithm.size() + rdataFixedSize + record.mac.size() + record.other.size()));
  writer.bytes(record.algorithm.wire());
  writer.u48(record.timeSigned);
  writer.u16(record.fudge);
  writer.u16(static_cast<std::uint16_t>(record.mac.size()));
  writer.bytes(record.mac);
  writer.u16(record.originalId);
  writer.u16(record.error);
  writer.u16(static_cast<std::uint16_t>(record.other.size()));
  writer.bytes(record.other);
}

}  // namespace

TsigMacOctets::TsigMacOctets(ByteSpan mac) : size_(static_cast<std::uint8_t>(std::min(mac.size(), octets_.size()))) {
  std::ranges::copy(mac.first(size_), octets_.begin());
}

TsigSearch findTsig(ByteSpan message) {
  TsigSearch search;
  auto view = MessageView::parse(message);
  if (!view) return {TsigSearch::Outcome::malformed, {}};
  const std::uint32_t records = std::uint32_t{view->recordCount(Section::answer)} +
                                view->recordCount(Section::authority) + view->recordCount(Section::additional);
  std::uint32_t left = records;
  std::size_t end = 0;  // of the record before
  for (std::uint16_t i = view->questionCount(); i > 0; --i)
    if (!view->nextQuestion()) return {TsigSearch::Outcome::malformed, {}};
  end = view->position();
  for (; left > 0; --left) {
    const auto record = view->nextRecord();
    if (!record) return {TsigSearch::Outcome::malformed, {}};
    if (record->type == Type::TSIG) {
      const ByteSpan rdata = message.subspan(record->rdataOffset, record->rdataSize);
      if (left != 1 || record->section != Section::additional || record->rrClass != Class::ANY ||
          !validRdata(Type::TSIG, rdata))
        return {TsigSearch::Outcome::malformed, {}};
      search.outcome = TsigSearch::Outcome::found;
      search.record.offset = end;
      search.record.key = record->owner;
      readRdata(rdata, search.record);
    }
    end = view->position();
  }
  return search;
}

TsigRequest checkTsig(ByteSpan message, const KeyRing& keys, std::uint64_t now) {
  TsigRequest request;
  const TsigSearch search = findTsig(message);
  if (search.outcome != TsigSearch::Outcome::found) {
    request.malformed = true;
    return request;
  }
  const TsigRecord& record = search.record;
  request.keyName = record.key;
  request.algorithm = record.algorithm;
  request.timeSigned = record.timeSigned;
  request.fudge = record.fudge;
  const auto algorithm = tsigAlgorithmOf(record.algorithm);
  if (algorithm) request.key = keys.find(record.key, *algorithm);
  if (!request.key) {
    request.error = TsigError::BADKEY;
  } else if (!isOfAllowedSize(record.mac, *algorithm)) {
    request.malformed = true;
  } else {
    request.mac = TsigMacOctets(record.mac);
    request.error = errorOf(*request.key, message, record, now);
  }
  return request;
}

TsigSigner::TsigSigner(const TsigKey& key) : key_(&key), keyName_(key.name), algorithm_(nameOf(key.algorithm)) {}

TsigSigner::TsigSigner(const TsigRequest& request)
    : key_(request.error == TsigError::BADKEY || request.error == TsigError::BADSIG ? nullptr : request.key),
      keyName_(request.keyName),
      algorithm_(request.algorithm),
      error_(request.error),
      requestTime_(request.timeSigned),
      fudge_(request.fudge),
      mac_(request.mac) {}

std::size_t TsigSigner::room() const {
  const std::size_t mac = key_ ? macSizeOf(key_->algorithm) : 0;
  const std::size_t other = error_ == TsigError::BADTIME ? serverTimeSize : 0;
  return keyName_.size() + recordFixedSize + algorithm_.size() + rdataFixedSize + mac + other;
}

std::size_t TsigSigner::sign(MutableByteSpan buffer, std::size_t size, std::uint64_t now) {
  if (buffer.size() < size + room()) return size;
  std::array<std::uint8_t, serverTimeSize> serverTime;
  ByteWriter(MutableByteSpan(serverTime)).u48(now);
  TsigRecord record;
  record.key = keyName_;
  record.algorithm = algorithm_;
  record.timeSigned = error_ == TsigError::none ? now : requestTime_;
  record.fudge = fudge_;
  record.originalId = loadU16(buffer.data());
  record.error = static_cast<std::uint16_t>(error_);
  if (error_ == TsigError::BADTIME) record.other = serverTime;
  storeU16(buffer.data() + 10, static_cast<std::uint16_t>(loadU16(buffer.data() + 10) + 1));
  if (key_) {
    detail::TsigMac mac(*key_);
    if (!mac_.span().empty()) mac.addMac(mac_.span());
    mac.addMessage(buffer, size, record.originalId);
    isFirst_ ? mac.addVariables(record) : mac.addTimers(record);
    mac_ = mac.finish();
    record.mac = mac_.span();
    isFirst_ = false;
  }
  ByteWriter writer(buffer.subspan(size));
  writeRecord(writer, record);
  return size + writer.size();
}

std::string_view describe(TsigFault fault) {
  switch (fault) {
    case TsigFault::malformed:
      return "a TSIG that does not parse";
    case TsigFault::isUnsigned:
      return "no TSIG where one is required";
    case TsigFault::otherKey:
      return "signed with another key than the request";
    case TsigFault::badSignature:
      return "the signature does not match";
    case TsigFault::badTime:
      return "signed at a time that is too far from the clock";
    case TsigFault::refusedByServer:
      return "the server does not accept the request's TSIG";
  }
  return {};
}

TsigVerifier::TsigVerifier(const TsigKey& key, ByteSpan requestMac)
    : key_(&key), digest_(std::make_unique<detail::TsigMac>(key)) {
  digest_->addMac(requestMac);
}

TsigVerifier::~TsigVerifier() = default;
TsigVerifier::TsigVerifier(TsigVerifier&&) noexcept = default;
TsigVerifier& TsigVerifier::operator=(TsigVerifier&&) noexcept = default;

Result<void, TsigFault> TsigVerifier::add(ByteSpan message, std::uint64_t now) {
  complete_ = false;
  if (failed_) return Failure(TsigFault::badSignature);
  const auto checked = check(message, now);
  failed_ = !checked.ok();
  return checked;
}

Result<void, TsigFault> TsigVerifier::check(ByteSpan message, std::uint64_t now) {
  const TsigSearch search = findTsig(message);
  if (search.outcome == TsigSearch::Outcome::malformed) return Failure(TsigFault::malformed);
  if (search.outcome == TsigSearch::Outcome::found) return checkRecord(message, search.record, now);
  if (isFirst_ || unsigned_ == maxUnsigned) return Failure(TsigFault::isUnsigned);
  ++unsigned_;
  digest_->add(message);
  return {};
}

Result<void, TsigFault> TsigVerifier::checkRecord(ByteSpan message, const TsigRecord& record, std::uint64_t now) {
  if (record.key != key_->name || record.algorithm != nameOf(key_->algorithm)) return Failure(TsigFault::otherKey);
  serverError_ = static_cast<TsigError>(record.error);
  const bool isRefused = serverError_ != TsigError::none;
  // BADKEY and BADSIG come without a MAC.
  if (isRefused && record.mac.empty()) return Failure(TsigFault::refusedByServer);
  if (const auto checked = checkMac(message, record); !checked) return checked;
  if (serverError_ == TsigError::BADTIME && record.other.size() == serverTimeSize)
    serverTime_ = ByteReader(record.other).u48();
  if (isRefused) return Failure(TsigFault::refusedByServer);
  if (!isInTime(record, now)) return Failure(TsigFault::badTime);
  isFirst_ = false;
  unsigned_ = 0;
  complete_ = true;
  return {};
}

Result<void, TsigFault> TsigVerifier::checkMac(ByteSpan message, const TsigRecord& record) {
  if (!isOfAllowedSize(record.mac, key_->algorithm)) return Failure(TsigFault::malformed);
  digest_->addMessage(message, record.offset, record.originalId);
  isFirst_ ? digest_->addVariables(record) : digest_->addTimers(record);
  if (!matches(record.mac, digest_->finish())) return Failure(TsigFault::badSignature);
  digest_ = std::make_unique<detail::TsigMac>(*key_);
  digest_->addMac(record.mac);
  return {};
}

}  // namespace taut
