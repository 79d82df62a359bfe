// Access lists as an operator writes them: addresses, networks, and names for lists of these, or for networks and keys
// together.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "settings.hpp"
#include "taut/base/address_policy.hpp"
#include "taut/dns/access_list.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/type.hpp"
#include "taut/dns/update_policy.hpp"

namespace taut::config {

class Networks {
 public:
  // Knows the names of [acl], and beside them `loopback`, `private`, `link-local` and `any`.
  Networks(const Settings& settings, Mistakes& mistakes);

  // The policy that allows these networks and refuses all others. What is no network, and no name of one, is added to
  // the mistakes, and so is a name that asks for a key: it is for places where there is no message.
  AddressPolicy policy(const std::vector<Item>& items);
  // Those whose questions are worked for where the operator names none: this host and its own networks. An open
  // resolver is a weapon against others.
  AddressPolicy ownNetworks();
  // The same for messages, whose keys are known. A name that says what may be updated is a mistake.
  AccessList accessList(const std::vector<Item>& items);
  // The same for dynamic updates.
  UpdatePolicy updatePolicy(const std::vector<Item>& items);

 private:
  struct Signed {
    AddressPolicy networks;
    std::vector<Name> keys;

    friend bool operator==(const Signed&, const Signed&) = default;
  };
  // What a list means: who is allowed without a key, who with one, and who for some records alone.
  struct Entries {
    std::vector<std::string> networks;
    std::vector<Signed> byKey;
    std::vector<UpdatePolicy::Rule> limited;
  };
  struct Named {
    bool isLimited() const { return names || types; }

    const std::vector<Item>* items = nullptr;  // a list, or the networks of a table
    const std::vector<Item>* keys = nullptr;   // of a table
    const std::vector<Item>* names = nullptr;  // that may be updated
    const std::vector<Item>* types = nullptr;  // likewise
    Entries entries;                           // those of all names in it, each once
    enum class State { unread, beingRead, read } state = State::unread;
  };

  void read(Named& named);
  void readTable(Named& named);
  AccessList clientsOf(Entries entries) const;
  std::vector<UpdateNames> updateNamesOf(const std::vector<Item>& items);
  std::vector<Type> typesOf(const std::vector<Item>& items);
  std::string meantBy(std::string_view text) const;
  void expand(const Item& item, Entries& entries);
  void expandNamed(const Item& item, Named& named, Entries& entries);
  std::vector<std::string> networksOf(const std::vector<Item>& items);
  std::vector<Name> keysOf(const std::vector<Item>& items);
  static AddressPolicy policyOf(const std::vector<std::string>& networks);

  std::map<std::string, Named, std::less<>> named_;
  std::vector<Name> keys_;  // of [tsig]
  Mistakes& mistakes_;
};

}  // namespace taut::config
