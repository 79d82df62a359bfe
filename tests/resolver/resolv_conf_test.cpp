#include "taut/resolver/resolv_conf.hpp"

#include <sys/stat.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "resolver/warnings.hpp"
#include "support/temporary_file.hpp"
#include "taut/base/clock.hpp"

namespace resolv_conf_test {

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
  CHECK(conf.ignoredLines.count() == 0);
}

TEST_CASE("without a server it is the one on this machine") {
  CHECK(servers(ResolvConf::parse("")) == Texts{"127.0.0.1:53"});
  CHECK(servers(ResolvConf::parse("# nameserver 192.0.2.1\n;nameserver 192.0.2.2\n")) == Texts{"127.0.0.1:53"});
}

TEST_CASE("a wildcard address stands for this machine") {
  CHECK(servers(ResolvConf::parse("nameserver 0.0.0.0\nnameserver ::\n")) == Texts{"127.0.0.1:53", "[::1]:53"});
}

TEST_CASE("lines that make no sense are left out and told by their numbers") {
  const auto conf = ResolvConf::parse(
      "nameserver\nnameserver dns.example\nnameserver 192.0.2.1:0\nnameserver 192.0.2.1\nsearch a..b good\n"
      "sortlist 192.0.2.0\nunknown\n\n");
  CHECK(servers(conf) == Texts{"192.0.2.1:53"});
  CHECK(conf.ignoredLines.numbers() == std::vector<std::size_t>{1, 2, 3, 5});
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

TEST_CASE("a byte order mark, brackets and upper case are understood") {
  const auto conf = ResolvConf::parse(
      "\xef\xbb\xbfnameserver [2001:DB8::1]\nNAMESERVER 192.0.2.2\nSearch A.example\nOptions Rotate NDOTS:3\n");
  CHECK(servers(conf) == Texts{"[2001:db8::1]:53", "192.0.2.2:53"});
  CHECK(conf.search == std::vector<Name>{Name("a.example.")});
  CHECK(conf.rotate);
  CHECK(conf.ndots == 3);
  CHECK(conf.ignoredLines.count() == 0);
}

TEST_CASE("of many lines that make no sense the first few are told one by one") {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "nameserver nonsense\n";
  const taut::TemporaryFile file(text);
  const taut::test::Warnings warnings;
  const ResolvConfFile conf(file.path());
  REQUIRE(warnings.lines().size() == 12);
  CHECK(warnings.lines()[0].starts_with(file.path() + ":1: "));
  CHECK(warnings.lines()[9].starts_with(file.path() + ":10: "));
  CHECK(warnings.lines()[10] == file.path() + ": 990 more lines were not understood");
}

TEST_CASE("a file that names no server is told once for all that follow it, and again when it has become another one") {
  taut::TemporaryFile file("search example\n");
  const taut::test::Warnings warnings;
  ResolvConfFile one(file.path());
  ResolvConfFile two(file.path());
  const std::string expected = file.path() +
                               ": no server is named; expected a line such as `nameserver 192.0.2.1`, and 127.0.0.1:53 "
                               "is asked";
  CHECK(warnings.lines() == Texts{expected});
  file.write("search other.example\n");
  one.reload();
  two.reload();
  CHECK(warnings.lines() == Texts{expected, expected});
  file.write("nameserver 192.0.2.1\n");
  one.reload();
  two.reload();
  CHECK(warnings.lines().size() == 2);
}

TEST_CASE("a file that is gone, empty, too large or no regular one for a while leaves what it said, with one warning") {
  taut::ManualClock clock;
  taut::TemporaryFile file("nameserver 192.0.2.1\n");
  ResolvConfFile conf(file.path(), clock);
  const std::vector<std::function<void()>> damages = {
      [&] { file.remove(); },
      [&] { file.write(""); },
      [&] { file.write(" \n\n"); },
      [&] { file.write(std::string(ResolvConfFile::maxFileSize + 1, '#')); },
      [&] {
        file.remove();
        REQUIRE(::mkfifo(file.path().c_str(), 0600) == 0);
      },
  };
  const taut::test::Warnings warnings;
  for (std::size_t i = 0; i < damages.size(); ++i) {
    for (int repeated = 0; repeated < 3; ++repeated) {
      damages[(i + static_cast<std::size_t>(repeated)) % damages.size()]();
      clock.advance(1s);
      CHECK(servers(conf.get()) == Texts{"192.0.2.1:53"});
      CHECK(warnings.lines().size() == i + 1);
    }
    file.write("nameserver 192.0.2.1\n");
    clock.advance(1s);
    CHECK(servers(conf.get()) == Texts{"192.0.2.1:53"});
  }
  CHECK(warnings.lines()[0] ==
        "cannot read " + file.path() + ": No such file or directory; what it said before counts");
  CHECK(warnings.lines()[1] == "cannot read " + file.path() + ": it is empty; what it said before counts");
}

TEST_CASE("a reload reads a file that does not seem to have changed, and tells again that it cannot be read") {
  taut::TemporaryFile file("nameserver 192.0.2.1\n");
  ResolvConfFile conf(file.path());
  const std::size_t version = conf.version();
  conf.reload();
  CHECK(conf.version() == version + 1);
  file.remove();
  const taut::test::Warnings warnings;
  conf.reload();
  conf.reload();
  CHECK(warnings.lines().size() == 2);
}

TEST_CASE("the null device, and no file at all, are an empty file at the start") {
  CHECK(servers(ResolvConfFile("/dev/null").get()) == Texts{"127.0.0.1:53"});
  CHECK(servers(ResolvConfFile("/nowhere/resolv.conf").get()) == Texts{"127.0.0.1:53"});
}

TEST_CASE("a file that changes is read again") {
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
}

}  // namespace resolv_conf_test
