// Proofs that a name or a type does not exist, from a zone's NSEC or NSEC3 records (RFC 4035 section 3.1.3, RFC 5155
// section 7.2), for the authority section of an answer. A zone without either adds nothing.
#pragma once

#include "taut/dns/answer.hpp"
#include "taut/dns/name.hpp"
#include "taut/zone/zone.hpp"

namespace taut {

class Denial {
 public:
  Denial(const Zone& zone, Answer& answer) : zone_(zone), answer_(answer) {}

  // The name exists and has no such type; also a delegation without DS.
  void noData(ZoneNode node);
  // The name does not exist, and no wildcard covers it.
  void nameError(NameView name, ZoneNode encloser);
  // The name does not exist, so that the wildcard at its closest encloser answers.
  void wildcardAnswer(NameView name, ZoneNode encloser);
  // Like wildcardAnswer(), and the wildcard does not have the type.
  void wildcardNoData(NameView name, ZoneNode encloser, ZoneNode wildcard);

 private:
  void addRRset(ZoneNode node, Type type);
  void addNsec(ZoneNode node) { addRRset(node, Type::NSEC); }
  void addNsec3(const Nsec3Match& match) { addRRset(match.node, Type::NSEC3); }
  // Matches the closest encloser that the chain knows (RFC 5155 section 7.2.1) and covers the next closer name.
  void addClosestEncloserProof(NameView name, ZoneNode encloser);
  void addNextCloser(NameView name, ZoneNode encloser);

  const Zone& zone_;
  Answer& answer_;
};

}  // namespace taut
