// What of a named.conf is about finding answers itself: the validator, zones whose servers are known, response policy
// zones, and what is kept.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "recursion_converter.hpp"

namespace taut::importer {

class BindRecursion : protected RecursionConverter {
 protected:
  using RecursionConverter::RecursionConverter;

  // Whether it is a statement of options, or one that stands outside of them, about recursion: it is converted then.
  bool recursionOption(const Statement& option);
  bool trustAnchors(const Statement& statement);

  void hintZone(const Statement& zone);
  void forwardZone(const Statement& zone);
  void staticStubZone(const Statement& zone);
  // A zone whose servers are its primaries.
  void stubZone(const Statement& zone, const std::vector<std::string>& primaries, Notes notes);
  // Whether the list of policies has the zone, and changes nothing of what its records say.
  static bool isPolicyZone(const Statement& policies, std::string_view name);

  // Once all statements were seen. `resolves` says whether some client may have names resolved.
  void finishBind(bool resolves);

  const Statement* forwarders_ = nullptr;

 private:
  using Function = void (BindRecursion::*)(const Statement&);

  void forwarders(const Statement& forwarders);
  void forwardMode(const Statement& mode);
  std::vector<std::string> addressesOf(const Statement& list, Notes& notes);
  void cacheSize(const Statement& size) { cacheSize_ = &size; }
  void finishCache();
  void validation(const Statement& item);
  void validateExcept(const Statement& list);
  void trustAnchor(const Statement& anchor);
  void qnameMinimisation(const Statement& item);
  void upstreamUdpSize(const Statement& item);
  void maxCacheTtl(const Statement& item) { setTtl(file_.recursion.maxTtl, item, maxTtlRange); }
  void minCacheTtl(const Statement& item) { minCacheTtl_ = &item; }
  void minAbsenceTtl(const Statement& item) { minAbsenceTtl_ = &item; }
  void finishMinTtl();
  void querySource(const Statement& item);
  void staleAnswers(const Statement& item);
  void staleCache(const Statement& item);
  void responsePolicy(const Statement& list);
  void dns64(const Statement& dns64);

  const Statement* cacheSize_ = nullptr;
  const Statement* minCacheTtl_ = nullptr;
  const Statement* minAbsenceTtl_ = nullptr;
  bool validatesRoot_ = true;  // by the keys that BIND has by itself
  bool hasAnchor_ = false;
  bool breaksDnssec_ = false;
  std::optional<bool> answersStale_, keepsStale_;
};

}  // namespace taut::importer
