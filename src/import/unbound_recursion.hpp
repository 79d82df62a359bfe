// What of an unbound.conf is about finding answers itself: the validator, servers that are asked for some names,
// response policy zones, and what is kept.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "recursion_converter.hpp"

namespace taut::importer {

class UnboundRecursion : protected RecursionConverter {
 protected:
  // The servers of a forward-zone or a stub-zone.
  struct Upstreams {
    std::vector<std::string> servers;
    bool encrypts = false;
    bool caches = true;
    Notes notes;
  };

  using RecursionConverter::RecursionConverter;

  void prepareModules(const Statement& server);
  // Whether it is a statement of the server's section that is about recursion: it is converted then.
  bool recursionItem(const Statement& item);

  // `prefix` is that of its keywords.
  Upstreams upstreamsOf(const Statement& zone, std::string_view prefix);
  void fixedZone(const Statement& zone, bool isStub);
  void authZone(const Statement& zone);
  void policyZone(const Statement& zone);

  // Once all statements were seen.
  void finishUnbound(bool resolves);

  bool encryptsUpstream_ = false;

 private:
  using Function = void (UnboundRecursion::*)(const Statement&);

  bool hasModule(std::string_view name) const;
  void nothing(const Statement&) {}
  void modules(const Statement& item);
  void autoTrustAnchor(const Statement& item);
  void trustAnchorFile(const Statement& item);
  void trustAnchor(const Statement& item);
  void trustedKeys(const Statement& item);
  void domainInsecure(const Statement& item) { addNegativeTrustAnchor(item, item.value()); }
  void rootHints(const Statement& item);
  void outgoingInterface(const Statement& item) { addOutgoing(item, item.value()); }
  void maxTtl(const Statement& item) { setTtl(file_.recursion.maxTtl, item, maxTtlRange); }
  void minTtl(const Statement& item) { setTtl(file_.recursion.minTtl, item, minTtlRange); }
  void upstreamUdpSize(const Statement& item);
  void dns64Prefix(const Statement& item);
  void localZone(const Statement& item) { localZones_.push_back(&item); }
  bool isRootCopy(const Statement& zone) const;
  void servedZone(const Statement& zone, const Statement& name, Notes notes);
  void addPrimary(const Statement& item, ZoneTransfers& transfers, Notes& notes);
  void finishRootCopy(bool resolves);
  void finishLocalZones();

  std::vector<std::string> modules_ = {"validator", "iterator"};
  bool hasAnchor_ = false;
  const Statement* dns64_ = nullptr;
  const Statement* moduleConfig_ = nullptr;
  const Statement* rootCopy_ = nullptr;
  std::vector<const Statement*> localZones_;
};

}  // namespace taut::importer
