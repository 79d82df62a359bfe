#include "taut/recursor/budget.hpp"

namespace taut {

bool Budget::refuse(Limit limit) {
  if (exceeded_ == Limit::none) exceeded_ = limit;
  return false;
}

bool Budget::takeOctets(std::size_t count) {
  if (count > maxOctets - octets_) return refuse(Limit::octets);
  octets_ += count;
  return true;
}

bool Budget::takeSend(Purpose purpose) {
  if (sends_ == maxSends) return refuse(Limit::sends);
  if (purpose == Purpose::addresses && addressSends_ == maxAddressSends) return refuse(Limit::addressSends);
  if (purpose == Purpose::keys && keySends_ == maxKeySends) return refuse(Limit::keySends);
  ++sends_;
  addressSends_ += purpose == Purpose::addresses ? 1 : 0;
  keySends_ += purpose == Purpose::keys ? 1 : 0;
  return true;
}

bool Budget::takeAddressLookup() {
  if (failedLookups_ >= maxFailedLookups) return refuse(Limit::failedLookups);
  if (addressLookups_ == maxAddressLookups) return refuse(Limit::addressLookups);
  ++addressLookups_;
  return true;
}

FetchBudget::FetchBudget(const FetchBudget& parent, Budget::Purpose purpose)
    : budget_(parent.budget_),
      purpose_(parent.purpose_ == Budget::Purpose::answer ? purpose : parent.purpose_),
      depth_(parent.depth_ + 1) {}

bool FetchBudget::takeSend() {
  if (sends_ == Budget::maxFetchSends) return budget_.refuse(Budget::Limit::fetchSends);
  if (!budget_.takeSend(purpose_)) return false;
  ++sends_;
  return true;
}

bool FetchBudget::takeReferral() {
  if (referrals_ == Budget::maxReferrals) return budget_.refuse(Budget::Limit::referrals);
  ++referrals_;
  delegationLookups_ = 0;
  return true;
}

bool FetchBudget::takeAlias() {
  if (aliases_ == Budget::maxAliases) return budget_.refuse(Budget::Limit::aliases);
  ++aliases_;
  delegationLookups_ = 0;
  return true;
}

bool FetchBudget::takeAddressLookup() {
  if (delegationLookups_ == Budget::maxDelegationLookups) return budget_.refuse(Budget::Limit::delegationLookups);
  if (!budget_.takeAddressLookup()) return false;
  ++delegationLookups_;
  return true;
}

std::string_view describe(Budget::Limit limit) {
  switch (limit) {
    case Budget::Limit::none:
      return "no limit met";
    case Budget::Limit::sends:
      return "more than 200 questions to servers";
    case Budget::Limit::addressSends:
      return "more than 60 questions for addresses of name servers";
    case Budget::Limit::keySends:
      return "more than 60 questions for keys";
    case Budget::Limit::fetchSends:
      return "more than 32 questions for one name";
    case Budget::Limit::octets:
      return "more than 256 KiB of replies";
    case Budget::Limit::time:
      return "more than 8 seconds";
    case Budget::Limit::depth:
      return "more than 6 look-ups that need each other";
    case Budget::Limit::referrals:
      return "more than 30 referrals";
    case Budget::Limit::aliases:
      return "more than 11 aliases";
    case Budget::Limit::addressLookups:
      return "more than 16 name servers looked up";
    case Budget::Limit::delegationLookups:
      return "more than 4 name servers of one zone looked up";
    case Budget::Limit::failedLookups:
      return "5 name servers without an address";
  }
  return "";
}

}  // namespace taut
