#include "taut/resolver/hosts_loader.hpp"

#include <future>
#include <memory>
#include <string>
#include <thread>

#include <doctest/doctest.h>

#include "resolver/hosts_support.hpp"
#include "support/temporary_file.hpp"
#include "taut/resolver/hosts.hpp"

namespace hosts_loader_test {

using namespace taut;

namespace {

using Table = std::shared_ptr<const HostsTable>;

std::string addressOf(const HostsTable& table) {
  const auto host = table.find(Name("www."));
  return host ? test::textOf(host->a) : "-";
}

}  // namespace

TEST_CASE("while a loader reads and publishes on its own thread, the table before is served") {
  TemporaryFile text("192.0.2.1 www\n");
  HostsFile file(text.path());
  Hosts hosts(file.table());
  std::promise<Table> made;
  std::promise<void> served;
  std::thread::id thread;
  HostsLoader loader(file, [&](Table table) {
    thread = std::this_thread::get_id();
    made.set_value(std::move(table));
    served.get_future().wait();
  });
  text.write("192.0.2.2 www\n");
  loader.request();
  const Table table = made.get_future().get();
  CHECK(thread != std::this_thread::get_id());
  CHECK(addressOf(hosts.table()) == "192.0.2.1");
  hosts.replace(table);
  CHECK(addressOf(hosts.table()) == "192.0.2.2");
  served.set_value();
}

TEST_CASE("a loader that is asked reads a file that does not seem to have changed") {
  const TemporaryFile text("192.0.2.1 www\n");
  HostsFile file(text.path());
  const Table before = file.table();
  std::promise<Table> made;
  HostsLoader loader(file, [&](Table table) { made.set_value(std::move(table)); });
  loader.request();
  const Table table = made.get_future().get();
  CHECK(table != before);
  CHECK(addressOf(*table) == "192.0.2.1");
}

}  // namespace hosts_loader_test
