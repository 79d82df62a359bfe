// A load generator that costs less than the servers that it measures. It keeps a window of queries in flight, or sends
// at a constant rate, over UDP or TCP, and prints the results as a line of JSON.
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "load/queries.hpp"
#include "load/tcp_load.hpp"
#include "load/udp_load.hpp"
#include "taut/base/address.hpp"

namespace {

using namespace taut;

struct Arguments {
  LoadOptions load;
  std::string server;
  std::string queries;
  bool tcp = false;
  bool hold = false;
};

void declare(CLI::App& app, Arguments& arguments) {
  app.add_option("--server", arguments.server, "ADDRESS:PORT of the server")->required();
  app.add_option("--queries", arguments.queries, "File with a question on each line: NAME TYPE [EDNS|DO]")->required();
  app.add_option("--sockets", arguments.load.sockets, "Sockets or connections")->check(CLI::Range(1, 60000));
  app.add_option("--window", arguments.load.window, "Queries in flight over all sockets")->check(CLI::Range(1, 16384));
  app.add_option("--batch", arguments.load.batch, "Queries sent at once on one socket")->check(CLI::Range(1, 64));
  app.add_option("--seconds", arguments.load.seconds, "How long")->check(CLI::PositiveNumber);
  app.add_option("--rate", arguments.load.rate, "Queries a second over UDP, instead of as many as are answered")
      ->check(CLI::NonNegativeNumber);
  app.add_flag("--tcp", arguments.tcp, "Over TCP");
  app.add_flag("--hold", arguments.hold,
               "Over TCP, one query on each connection, and keep them open until standard input ends");
}

void allowManyDescriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

template <class Load>
void print(const Load& load) {
  fmt::print("{}\n", load.tally().toJson(load.elapsed()));
  std::fflush(stdout);
}

void run(const Arguments& arguments) {
  QueryList queries(arguments.queries);
  if (arguments.hold) {
    TcpLoad load(arguments.load, queries);
    load.askOnce();
    print(load);
    while (std::getchar() != EOF) {
    }
  } else if (arguments.tcp) {
    TcpLoad load(arguments.load, queries);
    load.saturate();
    print(load);
  } else {
    UdpLoad load(arguments.load, queries);
    if (arguments.load.rate > 0) {
      load.pace();
    } else {
      load.saturate();
    }
    print(load);
  }
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("Sends DNS queries and counts the answers.");
  declare(app, arguments);
  CLI11_PARSE(app, argc, argv);
  const auto server = Address::parse(arguments.server);
  if (!server || server->port() == 0) {
    fmt::print(stderr, "taut-generator: '{}' is not ADDRESS:PORT\n", arguments.server);
    return 2;
  }
  arguments.load.server = *server;
  allowManyDescriptors();
  try {
    run(arguments);
  } catch (const std::exception& error) {
    fmt::print(stderr, "taut-generator: {}\n", error.what());
    return 1;
  }
}
