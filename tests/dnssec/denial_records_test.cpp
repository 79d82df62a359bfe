#include "taut/dnssec/denial_records.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "dnssec/records.hpp"

namespace denial_records_test {

using namespace taut;
using test::Records;

namespace {

const Name zone("example.");

// Records that count as verified.
struct Denial {
  explicit Denial(std::string_view text, NameView of = zone) : apex(of), records(text), denial(apex) {
    for (const RRset& set : records.rrsets()) added += denial.add(set, {});
  }

  DenialProof nameError(const char* name) { return denial.nameError(Name(name), budget); }
  DenialProof noData(const char* name, Type type) { return denial.noData(Name(name), type, budget); }
  DenialProof wildcardAnswer(const char* name, std::size_t labels) {
    return denial.wildcardAnswer(Name(name), labels, budget);
  }
  DelegationProof delegation(const char* name) { return denial.delegation(Name(name), budget); }

  Name apex;
  Records records;
  DenialRecords denial;
  CryptoBudget budget;
  std::size_t added = 0;
};

std::string labelOf(const Nsec3Hash& hash) {
  const auto label = nsec3Label(hash);
  return {label.data(), label.size()};
}

Nsec3Hash moved(Nsec3Hash hash, int by) {
  // Hashes that end in 0 or 255 are not among those of the tests.
  hash.back() = static_cast<std::uint8_t>(hash.back() + by);
  return hash;
}

struct ChainOptions {
  int flags = 0;
  int iterations = 0;
  const char* salt = "-";
};

Nsec3Hash hashOf(const char* name, const ChainOptions& options) {
  Nsec3Parameters parameters;
  parameters.iterations = static_cast<std::uint16_t>(options.iterations);
  return nsec3Hash(Name(name), parameters);
}

// The record that matches a name, and leads to the hash after its own.
std::string matching(const char* name, const char* types, const ChainOptions& options = {}) {
  const Nsec3Hash hash = hashOf(name, options);
  return fmt::format("{}.example. 300 NSEC3 1 {} {} {} {} {}\n", labelOf(hash), options.flags, options.iterations,
                     options.salt, labelOf(moved(hash, 1)), types);
}

// One that covers the name and next to nothing else.
std::string covering(const char* name, const ChainOptions& options = {}) {
  const Nsec3Hash hash = hashOf(name, options);
  return fmt::format("{}.example. 300 NSEC3 1 {} {} {} {} A RRSIG\n", labelOf(moved(hash, -1)), options.flags,
                     options.iterations, options.salt, labelOf(moved(hash, 1)));
}

}  // namespace

TEST_CASE("NSEC tells the closest encloser of a name that does not exist, and of no other") {
  Denial denial("a.example. 300 NSEC x.b.example. A RRSIG NSEC\n");
  const auto encloser = [&](const char* text) {
    const Name name(text);
    const auto found = denial.denial.nsecClosestEncloser(name);
    return found ? found->toString() : "none";
  };
  CHECK(encloser("aa.example.") == "example.");
  CHECK(encloser("y.c.a.example.") == "a.example.");
  CHECK(encloser("a.b.example.") == "b.example.");
  CHECK(encloser("b.example.") == "none");
  CHECK(encloser("a.example.") == "none");
  CHECK(encloser("aa.org.") == "none");
}

TEST_CASE("An NSEC proves a name error between its names, and nowhere else") {
  Denial denial("a.example. 300 NSEC d.example. A RRSIG NSEC\nexample. 300 NSEC a.example. SOA NS\n");
  CHECK(denial.nameError("b.example.") == DenialProof::proven);
  CHECK(denial.nameError("x.y.b.example.") == DenialProof::proven);
  CHECK(denial.nameError("B.Example.") == DenialProof::proven);
  CHECK(denial.nameError("x.a.example.") == DenialProof::proven);
  CHECK(denial.nameError("a.example.") == DenialProof::missing);
  CHECK(denial.nameError("d.example.") == DenialProof::missing);
  CHECK(denial.nameError("e.example.") == DenialProof::missing);
  CHECK(denial.nameError("b.sample.") == DenialProof::missing);
  CHECK(denial.nameError("example.") == DenialProof::missing);
}

TEST_CASE("The last NSEC leads back to the apex, and covers all that comes after it") {
  Denial denial("z.example. 300 NSEC example. A\nexample. 300 NSEC a.example. SOA NS\n");
  CHECK(denial.nameError("zz.example.") == DenialProof::proven);
  CHECK(denial.nameError("y.example.") == DenialProof::missing);
  Denial alone("example. 300 NSEC example. SOA NS\n");
  CHECK(alone.nameError("a.example.") == DenialProof::proven);
  CHECK(alone.nameError("example.") == DenialProof::missing);
}

TEST_CASE("An NSEC that leads out of the zone, or back to another name than the apex, proves nothing") {
  CHECK(Denial("z.example. 300 NSEC a.other. A\n").added == 0);
  CHECK(Denial("z.example. 300 NSEC . A\n").added == 0);
  CHECK(Denial("z.example. 300 NSEC a.example. A\n").added == 0);
  CHECK(Denial("z.example. 300 NSEC z.example. A\n").added == 0);
  CHECK(Denial("other. 300 NSEC z.other. A\n").added == 0);
  CHECK(Denial("a.example. 300 NSEC b.example. A\n", Name("sub.example.")).added == 0);
}

TEST_CASE("A record that comes of a wildcard, or is not alone, proves nothing") {
  const Records records(
      "a.example. 300 NSEC c.example. A\nb.example. 300 NSEC c.example. A\nb.example. 300 NSEC d.example. A\n"
      "c.example. 300 A 192.0.2.1\n");
  DenialRecords denial(zone);
  VerifiedSignature expanded;
  expanded.isExpanded = true;
  CHECK_FALSE(denial.add(records.rrset("a.example.", Type::NSEC), expanded));
  CHECK_FALSE(denial.add(records.rrset("b.example.", Type::NSEC), {}));
  CHECK_FALSE(denial.add(records.rrset("c.example.", Type::A), {}));
  CHECK(denial.add(records.rrset("a.example.", Type::NSEC), {}));
}

TEST_CASE("A wildcard that exists, or an empty name in its place, is no name error") {
  Denial exists("a.example. 300 NSEC d.example. A\n*.example. 300 NSEC a.example. A\n");
  CHECK(exists.nameError("b.example.") == DenialProof::missing);
  Denial empty("a.example. 300 NSEC d.example. A\nexample. 300 NSEC x.*.example. SOA NS\n");
  CHECK(empty.nameError("b.example.") == DenialProof::missing);
  CHECK(empty.noData("b.example.", Type::A) == DenialProof::proven);
}

TEST_CASE("A name above the next one is an empty non-terminal: without data, and no name error") {
  Denial denial("a.example. 300 NSEC x.y.c.example. A\nexample. 300 NSEC a.example. SOA NS\n");
  CHECK(denial.noData("c.example.", Type::A) == DenialProof::proven);
  CHECK(denial.noData("y.c.example.", Type::DS) == DenialProof::proven);
  CHECK(denial.nameError("c.example.") == DenialProof::missing);
  CHECK(denial.nameError("b.c.example.") == DenialProof::proven);
  CHECK(denial.nameError("b.example.") == DenialProof::proven);
  CHECK(denial.delegation("c.example.") == DelegationProof::noDelegation);
}

TEST_CASE("No data needs the type and a CNAME to be away") {
  Denial denial("a.example. 300 NSEC d.example. A RRSIG NSEC\nc.example. 300 NSEC d.example. CNAME RRSIG NSEC\n");
  CHECK(denial.noData("a.example.", Type::AAAA) == DenialProof::proven);
  CHECK(denial.noData("a.example.", Type::A) == DenialProof::missing);
  CHECK(denial.noData("c.example.", Type::AAAA) == DenialProof::missing);
  CHECK(denial.noData("a.example.", static_cast<Type>(65280)) == DenialProof::proven);
  // Whoever asks for any type gets what there is.
  CHECK(denial.noData("a.example.", Type::ANY) == DenialProof::missing);
}

TEST_CASE("At a cut the parent's record tells of DS alone, and the child's of all but DS (RFC 6840 section 4.1)") {
  Denial parent("cut.example. 300 NSEC d.example. NS RRSIG NSEC\nexample. 300 NSEC a.example. SOA NS\n");
  CHECK(parent.noData("cut.example.", Type::DS) == DenialProof::proven);
  CHECK(parent.noData("cut.example.", Type::A) == DenialProof::missing);
  CHECK(parent.nameError("below.cut.example.") == DenialProof::missing);
  CHECK(parent.noData("below.cut.example.", Type::A) == DenialProof::missing);
  CHECK(parent.delegation("cut.example.") == DelegationProof::insecure);
  CHECK(parent.delegation("below.cut.example.") == DelegationProof::missing);
  CHECK(parent.wildcardAnswer("below.cut.example.", 1) == DenialProof::missing);
  Denial child("cut.example. 300 NSEC a.cut.example. NS SOA RRSIG NSEC\n", Name("cut.example."));
  CHECK(child.noData("cut.example.", Type::A) == DenialProof::proven);
  CHECK(child.noData("cut.example.", Type::DS) == DenialProof::missing);
  Denial secured("cut.example. 300 NSEC d.example. NS DS RRSIG NSEC\n");
  CHECK(secured.delegation("cut.example.") == DelegationProof::missing);
  CHECK(secured.noData("cut.example.", Type::DS) == DenialProof::missing);
  Denial withSoa("cut.example. 300 NSEC d.example. NS SOA RRSIG NSEC\n");
  CHECK(withSoa.delegation("cut.example.") == DelegationProof::missing);
}

TEST_CASE("Names below a DNAME are not denied by the record of its owner") {
  Denial denial("a.example. 300 NSEC d.example. DNAME RRSIG NSEC\nexample. 300 NSEC a.example. SOA NS\n");
  CHECK(denial.nameError("x.a.example.") == DenialProof::missing);
  CHECK(denial.nameError("b.example.") == DenialProof::proven);
  CHECK(denial.noData("a.example.", Type::A) == DenialProof::proven);
}

TEST_CASE("The root has no parent: its own record tells of DS") {
  Denial denial(". 300 NSEC com. NS SOA RRSIG NSEC\n", Name("."));
  CHECK(denial.noData(".", Type::DS) == DenialProof::proven);
  CHECK(denial.nameError("aaa.") == DenialProof::proven);
}

TEST_CASE("A wildcard's answer needs the denial of all names closer than it") {
  Denial denial("a.b.example. 300 NSEC x.example. A\n");
  CHECK(denial.wildcardAnswer("c.example.", 1) == DenialProof::proven);
  CHECK(denial.wildcardAnswer("c.b.example.", 2) == DenialProof::proven);
  CHECK(denial.wildcardAnswer("c.b.example.", 1) == DenialProof::missing);  // *.b.example. is closer
  CHECK(denial.wildcardAnswer("c.example.", 0) == DenialProof::missing);    // above the zone
  CHECK(denial.wildcardAnswer("c.example.", 2) == DenialProof::missing);
  CHECK(denial.wildcardAnswer("y.example.", 1) == DenialProof::missing);
}

TEST_CASE("NSEC3 records prove a name error by closest encloser, next closer name and wildcard") {
  const std::string encloser = matching("example.", "SOA NS RRSIG");
  const std::string nextCloser = covering("b.example.");
  const std::string wildcard = covering("*.example.");
  CHECK(Denial(encloser + nextCloser + wildcard).nameError("a.b.example.") == DenialProof::proven);
  CHECK(Denial(encloser + nextCloser).nameError("a.b.example.") == DenialProof::missing);
  CHECK(Denial(encloser + wildcard).nameError("a.b.example.") == DenialProof::missing);
  CHECK(Denial(nextCloser + wildcard).nameError("a.b.example.") == DenialProof::missing);
  CHECK(Denial(encloser + covering("a.b.example.") + wildcard).nameError("a.b.example.") == DenialProof::missing);
  CHECK(Denial(encloser + nextCloser + wildcard + matching("a.b.example.", "A")).nameError("a.b.example.") ==
        DenialProof::missing);
}

TEST_CASE("A delegation or a DNAME is no closest encloser (RFC 5155 section 8.3)") {
  const std::string others = covering("b.c.example.") + covering("*.c.example.");
  CHECK(Denial(matching("c.example.", "A RRSIG") + others).nameError("b.c.example.") == DenialProof::proven);
  CHECK(Denial(matching("c.example.", "NS") + others).nameError("b.c.example.") == DenialProof::missing);
  CHECK(Denial(matching("c.example.", "NS DS RRSIG") + others).nameError("b.c.example.") == DenialProof::missing);
  CHECK(Denial(matching("c.example.", "DNAME RRSIG") + others).nameError("b.c.example.") == DenialProof::missing);
  CHECK(Denial(matching("c.example.", "NS") + others).delegation("b.c.example.") == DelegationProof::missing);
}

TEST_CASE("NSEC3 records prove no data by the name, by a wildcard, and by opt-out") {
  const std::string encloser = matching("example.", "SOA NS RRSIG");
  Denial direct(matching("a.example.", "A RRSIG") + matching("empty.example.", ""));
  CHECK(direct.noData("a.example.", Type::AAAA) == DenialProof::proven);
  CHECK(direct.noData("a.example.", Type::A) == DenialProof::missing);
  CHECK(direct.noData("empty.example.", Type::A) == DenialProof::proven);
  CHECK(direct.noData("empty.example.", Type::ANY) == DenialProof::proven);
  CHECK(direct.noData("a.example.", Type::ANY) == DenialProof::missing);
  Denial wildcard(encloser + covering("b.example.") + matching("*.example.", "A RRSIG"));
  CHECK(wildcard.noData("a.b.example.", Type::AAAA) == DenialProof::proven);
  CHECK(wildcard.noData("a.b.example.", Type::A) == DenialProof::missing);
  CHECK(Denial(encloser + covering("b.example.")).noData("b.example.", Type::DS) == DenialProof::missing);
  CHECK(Denial(encloser + covering("b.example.", {.flags = 1})).noData("b.example.", Type::DS) == DenialProof::optOut);
  Denial cut(matching("cut.example.", "NS"));
  CHECK(cut.noData("cut.example.", Type::DS) == DenialProof::proven);
  CHECK(cut.noData("cut.example.", Type::A) == DenialProof::missing);
  CHECK(Denial(matching("example.", "SOA NS RRSIG")).noData("example.", Type::DS) == DenialProof::missing);
}

TEST_CASE("A span with opt-out makes insecure what lies in it") {
  const std::string encloser = matching("example.", "SOA NS RRSIG");
  const std::string span = covering("b.example.", {.flags = 1});
  CHECK(Denial(encloser + span + covering("*.example.")).nameError("b.example.") == DenialProof::optOut);
  CHECK(Denial(span).wildcardAnswer("b.example.", 1) == DenialProof::optOut);
  CHECK(Denial(covering("b.example.")).wildcardAnswer("b.example.", 1) == DenialProof::proven);
  CHECK(Denial(encloser + span).delegation("b.example.") == DelegationProof::optOut);
  CHECK(Denial(encloser + covering("b.example.")).delegation("b.example.") == DelegationProof::noDelegation);
}

TEST_CASE("NSEC3 records prove what is at a cut") {
  CHECK(Denial(matching("a.example.", "NS")).delegation("a.example.") == DelegationProof::insecure);
  CHECK(Denial(matching("a.example.", "NS DS RRSIG")).delegation("a.example.") == DelegationProof::missing);
  CHECK(Denial(matching("a.example.", "NS SOA RRSIG")).delegation("a.example.") == DelegationProof::missing);
  CHECK(Denial(matching("a.example.", "A RRSIG")).delegation("a.example.") == DelegationProof::noDelegation);
  CHECK(Denial(matching("a.example.", "NS")).delegation("b.example.") == DelegationProof::missing);
}

TEST_CASE("NSEC3 records of another zone, algorithm, flag, size or chain are left alone") {
  const std::string next = labelOf(hashOf("example.", {}));
  const std::string hash = labelOf(hashOf("a.example.", {}));
  CHECK(Denial(fmt::format("{}.example. 300 NSEC3 1 0 0 - {} A\n", hash, next)).added == 1);
  CHECK(Denial(fmt::format("{}.sub.example. 300 NSEC3 1 0 0 - {} A\n", hash, next)).added == 0);
  CHECK(Denial(fmt::format("{}. 300 NSEC3 1 0 0 - {} A\n", hash, next)).added == 0);
  CHECK(Denial(fmt::format("x{}.example. 300 NSEC3 1 0 0 - {} A\n", hash, next)).added == 0);
  CHECK(Denial(fmt::format("{}.example. 300 NSEC3 2 0 0 - {} A\n", hash, next)).added == 0);
  CHECK(Denial(fmt::format("{}.example. 300 NSEC3 1 2 0 - {} A\n", hash, next)).added == 0);
  CHECK(Denial(fmt::format("{}.example. 300 NSEC3 1 128 0 - {} A\n", hash, next)).added == 0);
  Records cut;
  cut.add(Name("0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example."), Type::NSEC3, 300,
          std::vector<std::uint8_t>{1, 0, 0, 0, 0, 2, 1, 2});
  DenialRecords none(zone);
  CHECK_FALSE(none.add(cut.rrset("0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example.", Type::NSEC3), {}));
  // Of two chains the first one counts.
  Denial two(matching("a.example.", "A RRSIG") + matching("b.example.", "A RRSIG", {.iterations = 1}));
  CHECK(two.added == 1);
  CHECK(two.noData("a.example.", Type::AAAA) == DenialProof::proven);
  CHECK(two.noData("b.example.", Type::AAAA) == DenialProof::missing);
}

TEST_CASE("More than 50 iterations, or a salt above 64 octets, are insecure and not hashed (RFC 9276 section 3.2)") {
  Denial limit(matching("a.example.", "A RRSIG", {.iterations = 50}));
  CHECK(limit.noData("a.example.", Type::AAAA) == DenialProof::proven);
  Denial above(matching("a.example.", "A RRSIG", {.iterations = 51}));
  CHECK(above.added == 1);
  CHECK(above.noData("a.example.", Type::AAAA) == DenialProof::tooManyIterations);
  CHECK(above.nameError("b.example.") == DenialProof::tooManyIterations);
  CHECK(above.wildcardAnswer("b.example.", 1) == DenialProof::tooManyIterations);
  CHECK(above.delegation("b.example.") == DelegationProof::tooManyIterations);
  const std::string salt(130, 'a');
  Denial salted(matching("a.example.", "A RRSIG", {.salt = salt.c_str()}));
  CHECK(salted.noData("a.example.", Type::AAAA) == DenialProof::tooManyIterations);
  CHECK(above.budget.nsec3BlocksLeft() == CryptoBudget::maxNsec3Blocks);
  CHECK(extendedErrorOf(DenialProof::tooManyIterations) == ExtendedErrorCode::unsupportedNsec3Iterations);
}

TEST_CASE(
    "Long names with many iterations spend the hashes of a question, and then nothing is hashed (CVE-2023-50868)") {
  std::string deep = "example.";
  for (int i = 0; i < 100; ++i) deep = "a." + deep;
  Denial denial(matching("other.example.", "A RRSIG", {.iterations = 50}));
  CHECK(denial.nameError(deep.c_str()) == DenialProof::budgetSpent);
  CHECK(denial.budget.nsec3BlocksLeft() < 51);
  CHECK(denial.noData(deep.c_str(), Type::A) == DenialProof::budgetSpent);
  CHECK(denial.delegation(deep.c_str()) == DelegationProof::budgetSpent);
  CHECK(denial.wildcardAnswer(deep.c_str(), 1) == DenialProof::budgetSpent);
  CHECK(extendedErrorOf(DenialProof::budgetSpent) == ExtendedErrorCode::dnssecIndeterminate);
  // Without iterations a name of as many labels as there are is within it.
  Denial usual(matching("other.example.", "A RRSIG"));
  CHECK(usual.nameError(deep.c_str()) == DenialProof::missing);
}

TEST_CASE("Of more records than an answer may have the first eight count") {
  std::string text;
  for (int i = 0; i < 20; ++i) text += fmt::format("a{:02}.example. 300 NSEC a{:02}.example. A\n", i, i + 1);
  Denial denial(text);
  CHECK(denial.added == maxDenialRecords);
  CHECK(denial.noData("a07.example.", Type::AAAA) == DenialProof::proven);
  CHECK(denial.noData("a08.example.", Type::AAAA) == DenialProof::missing);
}

TEST_CASE("Without records nothing is proven, and nothing hashed") {
  Denial denial("");
  CHECK(denial.nameError("a.example.") == DenialProof::missing);
  CHECK(denial.noData("a.example.", Type::A) == DenialProof::missing);
  CHECK(denial.wildcardAnswer("a.example.", 1) == DenialProof::missing);
  CHECK(denial.delegation("a.example.") == DelegationProof::missing);
  CHECK(denial.budget.nsec3BlocksLeft() == CryptoBudget::maxNsec3Blocks);
  CHECK(extendedErrorOf(DenialProof::missing) == ExtendedErrorCode::nsecMissing);
  CHECK_FALSE(extendedErrorOf(DenialProof::proven).has_value());
}

}  // namespace denial_records_test
