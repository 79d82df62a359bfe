// Lists of networks as an operator writes them: addresses, networks, and names for lists of these.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "settings.hpp"
#include "taut/base/address_policy.hpp"

namespace taut::config {

class Networks {
 public:
  // Knows the names of [acl], and beside them `loopback`, `private`, `link-local` and `any`.
  Networks(const Settings& settings, Mistakes& mistakes);

  // The policy that allows these networks and refuses all others. What is no network, and no name of one, is added to
  // the mistakes.
  AddressPolicy policy(const std::vector<Item>& items);

 private:
  struct Named {
    const std::vector<Item>* items = nullptr;
    std::vector<std::string> networks;  // those of all names in it, each once
    enum class State { unread, beingRead, read } state = State::unread;
  };

  void read(Named& named);
  std::string meantBy(std::string_view text) const;
  void expand(const Item& item, std::vector<std::string>& networks);

  std::map<std::string, Named, std::less<>> named_;
  Mistakes& mistakes_;
};

}  // namespace taut::config
