#include "taut/client/record_order.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "taut/dns/rdata.hpp"

namespace taut::record_order_test {

namespace {

rdata::SRV service(std::uint16_t priority, std::uint16_t weight, const char* target) {
  return rdata::SRV(priority, weight, 80, Name(target));
}

template <class Records, class Member>
std::string targets(const Records& records, Member member) {
  std::string text;
  for (const auto& record : records) text += (record.*member).toString();
  return text;
}

// Draws the numbers that it is given, and notes the bounds.
struct Drawn {
  std::vector<std::uint32_t> numbers;
  std::vector<std::uint32_t> bounds{};
  std::size_t next = 0;

  RandomSource source() {
    return [this](std::uint32_t most) {
      bounds.push_back(most);
      return next < numbers.size() ? numbers[next++] : 0;
    };
  }
};

}  // namespace

TEST_CASE("Services are tried by priority, and drawn within one by the running sum of the weights") {
  std::vector<rdata::SRV> services = {service(20, 10, "c"), service(10, 10, "a"), service(10, 20, "b"),
                                      service(20, 20, "d"), service(10, 0, "z")};
  Drawn drawn{{11, 10, 30}};
  orderRecords(services, drawn.source());
  CHECK(targets(services, &rdata::SRV::target) == "b.a.z.d.c.");
  CHECK(drawn.bounds == std::vector<std::uint32_t>{30, 10, 30});
}

TEST_CASE("A service without a weight is drawn first where the number is 0, and one number more draws the next") {
  std::vector<rdata::SRV> services = {service(1, 1, "one"), service(1, 0, "none")};
  Drawn zero{{0}};
  orderRecords(services, zero.source());
  CHECK(targets(services, &rdata::SRV::target) == "none.one.");
  Drawn one{{1}};
  orderRecords(services, one.source());
  CHECK(targets(services, &rdata::SRV::target) == "one.none.");
}

TEST_CASE("The shares of services follow their weights") {
  std::map<std::string, int> first;
  for (int i = 0; i < 4000; ++i) {
    std::vector<rdata::SRV> services = {service(1, 30, "a"), service(1, 10, "b")};
    orderRecords(services, randomUpTo);
    ++first[services.front().target.toString()];
  }
  CHECK(first["a."] > 2700);
  CHECK(first["a."] < 3300);
}

TEST_CASE("A source of numbers that keeps to no bound does no harm") {
  const RandomSource wild = [](std::uint32_t) { return 0xffffffffu; };
  std::vector<rdata::SRV> services = {service(1, 1, "a"), service(1, 2, "b"), service(1, 3, "c")};
  orderRecords(services, wild);
  CHECK(services.size() == 3);
  std::vector<rdata::MX> exchanges = {rdata::MX(1, Name("a")), rdata::MX(1, Name("b"))};
  orderRecords(exchanges, wild);
  CHECK(exchanges.size() == 2);
}

TEST_CASE("As many services as a message holds are put in order, each of them kept") {
  std::vector<rdata::SRV> services;
  for (std::uint16_t i = 0; i < 3400; ++i) services.push_back(service(1, i, "a"));
  orderRecords(services, randomUpTo);
  CHECK(services.size() == 3400);
}

TEST_CASE("Mail exchangers are tried by preference, those of one preference in random order") {
  std::vector<rdata::MX> exchanges = {rdata::MX(20, Name("d")), rdata::MX(10, Name("a")), rdata::MX(10, Name("b")),
                                      rdata::MX(10, Name("c")), rdata::MX(5, Name("e"))};
  Drawn drawn{{0, 1}};
  orderRecords(exchanges, drawn.source());
  CHECK(targets(exchanges, &rdata::MX::exchange) == "e.c.b.a.d.");
  CHECK(drawn.bounds == std::vector<std::uint32_t>{2, 1});
}

TEST_CASE("NAPTR rules are applied by order and then by preference") {
  std::vector<rdata::NAPTR> rules = {rdata::NAPTR(2, 1, "", "", "", Name("c")),
                                     rdata::NAPTR(1, 2, "", "", "", Name("b")),
                                     rdata::NAPTR(1, 1, "", "", "", Name("a"))};
  orderRecords(rules, randomUpTo);
  CHECK(targets(rules, &rdata::NAPTR::replacement) == "a.b.c.");
}

TEST_CASE("Random numbers reach both ends of their range") {
  bool least = false;
  bool most = false;
  for (int i = 0; i < 1000; ++i) {
    const std::uint32_t number = randomUpTo(2);
    REQUIRE(number <= 2);
    least |= number == 0;
    most |= number == 2;
  }
  CHECK(least);
  CHECK(most);
  CHECK(randomUpTo(0) == 0);
  randomUpTo(0xffffffff);
}

}  // namespace taut::record_order_test
