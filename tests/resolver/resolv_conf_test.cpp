#include "taut/resolver/resolv_conf.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "support/temporary_file.hpp"
#include "taut/base/clock.hpp"

namespace {

using namespace std::chrono_literals;
using taut::Address;
using taut::Name;
using taut::ResolvConf;
using taut::ResolvConfFile;

std::vector<std::string> servers(const ResolvConf& conf) {
  std::vector<std::string> texts;
  for (const Address& server : conf.servers) texts.push_back(server.toText());
  return texts;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("servers are taken in order, on port 53, however many there are") {
  const auto conf = ResolvConf::parse(
      "nameserver 192.0.2.1\n  nameserver\t2001:db8::1  # comment\nnameserver 192.0.2.3\nnameserver 192.0.2.4\n"
      "nameserver 192.0.2.5:5353\nnameserver [2001:db8::1]:5353\nnameserver fe80::1%lo");
  CHECK(servers(conf) == Texts{"192.0.2.1:53", "[2001:db8::1]:53", "192.0.2.3:53", "192.0.2.4:53", "192.0.2.5:5353",
                               "[2001:db8::1]:5353", "[fe80::1%lo]:53"});
  CHECK(conf.servers[6].scope() != 0);
  CHECK(conf.ignoredLines == 0);
}

TEST_CASE("without a server it is the one on this machine") {
  CHECK(servers(ResolvConf::parse("")) == Texts{"127.0.0.1:53"});
  CHECK(servers(ResolvConf::parse("# nameserver 192.0.2.1\n;nameserver 192.0.2.2\n")) == Texts{"127.0.0.1:53"});
}

TEST_CASE("a wildcard address stands for this machine") {
  CHECK(servers(ResolvConf::parse("nameserver 0.0.0.0\nnameserver ::\n")) == Texts{"127.0.0.1:53", "[::1]:53"});
}

TEST_CASE("lines that make no sense are left out and counted") {
  const auto conf = ResolvConf::parse(
      "nameserver\nnameserver dns.example\nnameserver 192.0.2.1:0\nnameserver 192.0.2.1\nsearch a..b good\n"
      "sortlist 192.0.2.0\nunknown\n\n");
  CHECK(servers(conf) == Texts{"192.0.2.1:53"});
  CHECK(conf.ignoredLines == 4);
  CHECK(conf.search == std::vector<Name>{Name("good.")});
}

TEST_CASE("the last of search and domain counts, and neither needs a value") {
  CHECK(ResolvConf::parse("domain a.example\nsearch b.example c.example.\n").search ==
        std::vector<Name>{Name("b.example."), Name("c.example.")});
  CHECK(ResolvConf::parse("search b.example c.example\ndomain a.example ignored\n").search ==
        std::vector<Name>{Name("a.example.")});
  CHECK(ResolvConf::parse("search b.example\ndomain\n").search.empty());
  CHECK(ResolvConf::parse("domain b.example\nsearch\n").search.empty());
}

TEST_CASE("options are read, and brought within the bounds of resolv.conf(5)") {
  const auto none = ResolvConf::parse("nameserver 192.0.2.1\n");
  CHECK_FALSE(none.timeout);
  CHECK_FALSE(none.attempts);
  CHECK_FALSE(none.rotate);
  CHECK(none.ndots == 1);
  const auto some = ResolvConf::parse("options timeout:3 attempts:4 rotate ndots:2 edns0 trust-ad\n");
  CHECK(some.timeout == 3s);
  CHECK(some.attempts == 4u);
  CHECK(some.rotate);
  CHECK(some.ndots == 2);
  const auto far = ResolvConf::parse("options timeout:99 attempts:99999999999999999999999\noptions ndots:16\n");
  CHECK(far.timeout == 30s);
  CHECK(far.attempts == 5u);
  CHECK(far.ndots == 15);
  const auto low = ResolvConf::parse("options timeout:0 attempts:0 ndots:0\n");
  CHECK(low.timeout == 1s);
  CHECK(low.attempts == 1u);
  CHECK(low.ndots == 0);
  const auto bad = ResolvConf::parse("options timeout: attempts:x ndots:-1 ndots:1x timeout:+2\n");
  CHECK_FALSE(bad.timeout);
  CHECK_FALSE(bad.attempts);
  CHECK(bad.ndots == 1);
}

TEST_CASE("a file that changes is read again, and a missing one is an empty one") {
  taut::ManualClock clock;
  taut::TemporaryFile file("nameserver 192.0.2.1\n");
  ResolvConfFile conf(file.path(), clock);
  CHECK(servers(conf.get()) == Texts{"192.0.2.1:53"});
  file.write("nameserver 192.0.2.2\n");
  CHECK(servers(conf.get()) == Texts{"192.0.2.1:53"});
  clock.advance(1s);
  CHECK(servers(conf.get()) == Texts{"192.0.2.2:53"});
  file.write("nameserver 192.0.2.3\n");
  conf.reload();
  CHECK(servers(conf.get()) == Texts{"192.0.2.3:53"});
  file.remove();
  clock.advance(1s);
  CHECK(servers(conf.get()) == Texts{"127.0.0.1:53"});
}
