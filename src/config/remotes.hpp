// Other servers as an operator writes them: addresses, and names of [remote], which have a key too.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "configuration.hpp"
#include "origin.hpp"
#include "settings.hpp"
#include "taut/base/address.hpp"

namespace taut::config {

class Remotes {
 public:
  // Knows the tables [remote.NAME]. What is wrong with one is added to the mistakes; `keys` are those of [tsig].
  Remotes(const Settings& settings, const std::vector<TsigSettings>& keys, Mistakes& mistakes);

  // The servers of a list, null for an empty one. Lists that say the same are one object. What is neither an address
  // nor a name is added to the mistakes, and so are more than `maxRemotes`.
  std::shared_ptr<const RemoteList> list(const std::vector<Item>& items);

 private:
  void read(const Settings& settings, const std::string& table, const Origin& origin,
            const std::vector<TsigSettings>& keys);
  void readKey(const Setting& key, const std::vector<TsigSettings>& keys, RemoteSettings& remote);
  std::shared_ptr<const RemoteSettings> find(const Item& item);

  Mistakes& mistakes_;
  std::map<std::string, std::shared_ptr<const RemoteSettings>, std::less<>> named_;
  std::map<std::string, std::shared_ptr<const RemoteList>, std::less<>> lists_;  // by their texts
};

}  // namespace taut::config
