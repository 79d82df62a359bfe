#include "taut/dns/update_policy.hpp"

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

#include <doctest/doctest.h>

#include "taut/dns/client.hpp"
#include "taut/dns/tsig.hpp"
#include "taut/dns/tsig_key.hpp"
#include "taut/testing/query.hpp"

namespace update_policy_test {

namespace {

using namespace taut;

const Address client = Address::v4({192, 0, 2, 53}, 4000);

UpdateNames names(std::string_view text) {
  return UpdateNames::parse(text).value();
}

// What the policy allows a client with this key; without one for an empty name.
UpdateGrant grantOf(UpdatePolicy policy, std::string_view key, const Address& from = client) {
  auto message = testing::makeQuery("example", Type::SOA);
  TsigKey signer{Name(key.empty() ? "none" : key), TsigAlgorithm::hmacSha256, {1, 2, 3}};
  if (!key.empty()) {
    TsigSigner made(signer);
    const std::size_t size = message.size();
    message.resize(size + made.room());
    message.resize(made.sign(message, size, 1));
  }
  const Query query = Query::parse(message, {from, Transport::tcp}).value();
  query.setContext(SigningKey{nullptr, &signer});
  return {std::make_shared<const UpdatePolicy>(std::move(policy)), query};
}

AccessList signedBy(std::string_view key) {
  AccessList list{AddressPolicy(AddressPolicy::Action::refuse)};
  list.allow(AddressPolicy(), {Name(key)});
  return list;
}

TEST_CASE("names of a rule are a name, those below one, or those of the key") {
  const Name key("host.example");
  CHECK(names("WWW.example").have(Name("www.EXAMPLE"), nullptr));
  CHECK_FALSE(names("www.example").have(Name("a.www.example"), nullptr));
  CHECK(names("*.example").have(Name("a.b.example"), nullptr));
  CHECK(names("*.example").have(Name("*.example"), nullptr));
  CHECK_FALSE(names("*.example").have(Name("example"), nullptr));
  CHECK(names("self").have(Name("HOST.example"), &key));
  CHECK_FALSE(names("self").have(Name("a.host.example"), &key));
  CHECK_FALSE(names("self").have(Name("host.example"), nullptr));
  CHECK(names("*.self").have(Name("a.host.example"), &key));
  CHECK_FALSE(names("*.self").have(Name("host.example"), &key));
  CHECK_FALSE(UpdateNames::parse("a..b").has_value());
}

TEST_CASE("a rule without names and types allows all, and a policy without rules nothing") {
  UpdatePolicy policy;
  CHECK(grantOf(policy, "admin").isEmpty());
  policy.add({.clients = signedBy("admin")});
  CHECK(grantOf(policy, "admin").allows(Name("www.example"), Type::A));
  CHECK(grantOf(policy, "other").isEmpty());
  CHECK(grantOf(policy, "").isEmpty());
}

TEST_CASE("names and types have to be those of one rule") {
  UpdatePolicy policy;
  policy.add({.clients = signedBy("dhcp"), .names = {names("*.dyn.example")}, .types = {Type::A, Type::AAAA}});
  policy.add({.clients = signedBy("dhcp"), .names = {names("txt.example")}, .types = {Type::TXT}});
  const UpdateGrant grant = grantOf(policy, "dhcp");
  CHECK_FALSE(grant.isEmpty());
  CHECK(grant.allows(Name("h.dyn.example"), Type::AAAA));
  CHECK(grant.allows(Name("txt.example"), Type::TXT));
  CHECK_FALSE(grant.allows(Name("h.dyn.example"), Type::TXT));
  CHECK_FALSE(grant.allows(Name("txt.example"), Type::A));
}

TEST_CASE("a rule of addresses needs no key") {
  UpdatePolicy policy;
  policy.add({.clients = AddressPolicy(AddressPolicy::Action::refuse).allow("192.0.2.0/24")});
  CHECK(grantOf(policy, "").allows(Name("www.example"), Type::A));
  CHECK(grantOf(policy, "", Address::v4({198, 51, 100, 1}, 53)).isEmpty());
}

}  // namespace

}  // namespace update_policy_test
