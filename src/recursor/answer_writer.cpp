#include "answer_writer.hpp"

#include <utility>

namespace taut {

std::uint32_t AnswerWriter::ttl(const CachedRRset& rrset) {
  if (!rrset.expired(now_) || staleTtl_ == 0) return rrset.rrset(now_).ttl;
  isStale_ = true;
  return staleTtl_;
}

void AnswerWriter::borrow(Section section, const CachedRRset& rrset) {
  RRset data = rrset.rrset(now_);
  data.ttl = ttl(rrset);
  answer_.borrowRRset(section, data);
  if (!query_.dnssecOk()) return;
  RRset signatures = rrset.signatures(now_);
  signatures.ttl = data.ttl;
  if (signatures.count > 0) answer_.borrowRRset(section, signatures);
}

// Links of one chain may have the same proofs.
bool AnswerWriter::isThere(const CachedRRset& proof) const {
  for (std::size_t i = 0; i < answer_.entryCount(); ++i) {
    const Answer::Entry& entry = answer_.entry(i);
    if (entry.section == Section::authority && entry.rrset.type == proof.type() && entry.rrset.owner == proof.owner())
      return true;
  }
  return false;
}

void AnswerWriter::add(const CachedRRset& rrset) {
  answer_.pin(rrset);
  isSecure_ = isSecure_ && rrset.security() == SecurityState::secure;
  borrow(Section::answer, rrset);
}

bool AnswerWriter::add(const Link& link) {
  if (link.kind == Link::Kind::failure || (link.isBad() && !query_.checkingDisabled())) {
    fail(link.reason.value_or(Reason()));
    return false;
  }
  answer_.pin(link);
  isSecure_ = isSecure_ && link.security == SecurityState::secure;
  answer_.setRcode(link.rcode);
  if (link.reason) answer_.setExtendedError(link.reason->code, link.reason->text);
  for (const Link::Part& part : link.parts) {
    const bool isProof = part.section == Section::authority && part.rrset->type() != Type::SOA;
    if (!isProof || (query_.dnssecOk() && !isThere(*part.rrset))) borrow(part.section, *part.rrset);
  }
  return true;
}

void AnswerWriter::fail(const Reason& reason) {
  answer_ = Answer::serverFailure();
  answer_.setExtendedError(reason.code, reason.text);
  isSecure_ = false;
}

Answer AnswerWriter::take() {
  answer_.setAuthenticData(isSecure_);
  if (isStale_)
    answer_.setExtendedError(answer_.rcode() == Rcode::NXDOMAIN ? ExtendedErrorCode::staleNxdomainAnswer
                                                                : ExtendedErrorCode::staleAnswer);
  return std::move(answer_);
}

}  // namespace taut
