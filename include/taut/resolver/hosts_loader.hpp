// Follows a hosts(5) file while a server serves: a thread that has the file for itself, reads it again within a second
// of a change, and publishes one table for all shards. No shard waits for a file or for its parsing.
//
//   HostsFile file("/etc/hosts");
//   Server server(options, [&](Shard&) {
//     hosts.push_back(std::make_shared<Hosts>(file.table()));
//     …
//   });
//   server.start();
//   HostsLoader loader(file, [&](std::shared_ptr<const HostsTable> table) {
//     server.post([&, table](std::size_t shard, ServerFactory&) { hosts[shard]->replace(table); });
//   });
//   loader.request();  // at SIGHUP, say
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>

#include "taut/resolver/hosts_file.hpp"

namespace taut {

class HostsLoader {
 public:
  using Publish = std::function<void(std::shared_ptr<const HostsTable>)>;

  // `publish` is called on the loader's thread, for each table after the one that the file has now.
  HostsLoader(HostsFile& file, Publish publish);
  HostsLoader(const HostsLoader&) = delete;
  HostsLoader& operator=(const HostsLoader&) = delete;
  ~HostsLoader();  // waits for what is being parsed, about a second for the largest file

  // Asks for the file to be read at once, whether or not it seems to have changed. From any thread.
  void request();

 private:
  void run(const std::stop_token& stop);

  HostsFile& file_;
  Publish publish_;
  std::mutex mutex_;
  std::condition_variable_any wanted_;
  bool requested_ = false;
  std::jthread thread_;  // last: it uses what is above
};

}  // namespace taut
