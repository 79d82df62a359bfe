// Any text is a resolv.conf, and what comes of it can be used: a server at least, and numbers within their bounds.
#include "fuzz/fuzz.hpp"
#include "taut/resolver/resolv_conf.hpp"

namespace resolv_conf_fuzz {

using namespace taut;
using fuzz::require;

TAUT_FUZZ_TARGET(resolv_conf) {
  const auto conf = ResolvConf::parse(asText({data, size}));
  require(!conf.servers.empty(), "there is always a server to ask");
  for (const Address& server : conf.servers)
    require(!server.empty() && server.port() != 0 && !server.isWildcard(), "a server can be asked");
  require(conf.ndots <= 15, "ndots has its bound");
  if (conf.timeout) require(conf.timeout->count() >= 1 && conf.timeout->count() <= 30, "a timeout has its bounds");
  if (conf.attempts) require(*conf.attempts >= 1 && *conf.attempts <= 5, "attempts have their bounds");
  return 0;
}

}  // namespace resolv_conf_fuzz
