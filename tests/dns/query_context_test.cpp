#include "taut/dns/query_context.hpp"

#include <memory>
#include <optional>
#include <string>

#include <doctest/doctest.h>

#include "taut/dns/query.hpp"

namespace taut::query_context_test {

namespace {

struct Account {
  std::string name;
  int questions = 0;
};

}  // namespace

TEST_CASE("a value is found by its type, and nothing by another type") {
  const Query query(Name("example.com"), Type::A);
  CHECK_FALSE(query.context<Account>());
  query.setContext(Account{"alice", 1});
  query.setContext(std::string("text"));
  REQUIRE(query.context<Account>());
  CHECK(query.context<Account>()->name == "alice");
  CHECK(*query.context<std::string>() == "text");
  CHECK_FALSE(query.context<int>());
  CHECK_FALSE(query.context<const char*>());
  CHECK_FALSE(query.context<std::optional<Account>>());
}

TEST_CASE("a second value of a type takes the place of the first, and what refers to it stays valid") {
  const Query query(Name("example.com"), Type::A);
  const Account& first = query.setContext(Account{"alice", 1});
  query.setContext(7);
  query.setContext(Account{"bob", 2});
  CHECK(first.name == "bob");
  CHECK(query.context<Account>() == &first);
  CHECK(*query.context<int>() == 7);
}

TEST_CASE("a copy shares the values that were there, and neither sees what the other is given later") {
  const Query query(Name("example.com"), Type::A);
  query.setContext(Account{"alice", 0});
  const Query copy = query.withQuestion(Name("example.net"), Type::AAAA);
  ++copy.context<Account>()->questions;
  CHECK(query.context<Account>()->questions == 1);
  copy.setContext(7);
  query.setContext(std::string("text"));
  CHECK_FALSE(query.context<int>());
  CHECK_FALSE(copy.context<std::string>());
}

TEST_CASE("values go with the query and its last copy") {
  const auto alive = std::make_shared<int>(1);
  {
    std::optional<Query> copy;
    {
      const Query query(Name("example.com"), Type::A);
      query.setContext(std::shared_ptr<int>(alive));
      copy.emplace(query);
    }
    CHECK(alive.use_count() == 2);
  }
  CHECK(alive.use_count() == 1);
}

}  // namespace taut::query_context_test
