// The command line of tautd.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "taut/base/address.hpp"
#include "taut/base/address_policy.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/query.hpp"
#include "taut/server/rate_limiter.hpp"
#include "taut/zone/zone_file.hpp"

namespace taut {

struct Options {
  std::vector<Address> listen;    // every interface with every port
  std::vector<ZoneSource> zones;  // of --zone: one that does not load ends the start
  std::vector<std::string> zoneLists;
  std::string hostsFile;            // empty: none
  std::string resolvConf;           // empty: none
  std::vector<Address> forwarders;  // empty: those of resolvConf
  AddressPolicy recursionPolicy;
  std::optional<RateLimit> rateLimit;
  unsigned threads = 0;  // 0: one for each core
  int verbose = 0;
  std::uint16_t udpSize = defaultUdpSize;
  std::string version = "taut " TAUT_VERSION;  // what version.bind and version.server say
  std::string identity;                        // what id.server and the NSID option say; empty: the host's name
  std::vector<std::string> hidden;             // of what the server says about itself: names of class CH, and "nsid"
  std::string cookieSecrets;                   // a file; empty: a random secret, another one at each start
  bool cookies = true;
  std::size_t maxConnections = 1024;  // streams for each thread
  unsigned answerTimeout = 10;        // seconds
  bool cache = false;
  bool denyRebinding = false;
  std::vector<Name> privateDomains;  // that may have private addresses though rebinding is denied
  bool rrsetRoundRobin = false;

  bool forwards() const { return !resolvConf.empty() || !forwarders.empty(); }
};

// The options, or the exit status where the process is to end now: 0 after --help and --version, 2 after a mistake in
// the usage, 1 where something that the options name does not exist. The message has been printed.
std::variant<Options, int> parseOptions(int argc, char** argv);

}  // namespace taut
