#include "taut/recursor/trust_anchor_state.hpp"

#include <chrono>
#include <cstddef>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "dnssec/records.hpp"
#include "dnssec/signing_key.hpp"
#include "support/temporary_file.hpp"
#include "support/temporary_folder.hpp"
#include "taut/dnssec/ds.hpp"
#include "taut/dnssec/zone_keys.hpp"

namespace trust_anchor_state_test {

namespace {

using namespace std::chrono_literals;
using taut::AlgorithmPolicy;
using taut::ByteSpan;
using taut::Diagnostic;
using taut::DnssecAlgorithm;
using taut::Name;
using taut::TrustAnchors;
using taut::TrustAnchorState;
using taut::Type;
using taut::test::Octets;
using taut::test::Records;
using taut::test::SignatureOptions;
using taut::test::SigningKey;
using Seconds = TrustAnchorState::Seconds;

const Name zone("example.");
constexpr Seconds start{std::chrono::seconds(SigningKey::now)};
constexpr std::chrono::hours day{24};

Octets revoked(const SigningKey& key) {
  Octets rdata = key.dnskey();
  rdata[1] |= 0x80;
  return rdata;
}

std::string digestText(const SigningKey& key) {
  const auto digest = taut::digestOf(zone, key.view(), taut::DigestType::SHA256);
  std::string text =
      fmt::format("example. DS {} {} 2 ", key.view().keyTag(), static_cast<unsigned>(key.view().algorithm()));
  for (const std::uint8_t octet : digest->octets()) text += fmt::format("{:02X}", octet);
  return text + "\n";
}

// A zone that is configured with the DS of its first key.
struct Fixture {
  Fixture() : state(configured()) {}

  TrustAnchors configured() const {
    TrustAnchors anchors;
    CHECK(taut::parseTrustAnchors(digestText(first), "f", anchors).empty());
    return anchors;
  }

  // The zone has these keys, and the RRset is signed by those of `signers`.
  TrustAnchorState::Outcome see(const std::vector<Octets>& keys, const std::vector<const SigningKey*>& signers,
                                std::uint32_t ttl = 3600) {
    Records records;
    for (const Octets& key : keys) records.add(zone, Type::DNSKEY, ttl, key);
    const taut::RRset dnskeys = records.rrset(zone, Type::DNSKEY);
    SignatureOptions options;
    options.inception = static_cast<std::uint32_t>(now.time_since_epoch().count()) - 1000;
    options.expiration = options.inception + 20 * 86400;
    for (const SigningKey* const signer : signers) {
      Octets signature = signer->sign(dnskeys, options);
      records.add(zone, Type::RRSIG, ttl, signature);
    }
    return state.update(zone, dnskeys, records.rrset(zone, Type::RRSIG), AlgorithmPolicy(), now);
  }

  // What became of the keys, as "1 valid, 2 pending" by their order here.
  std::string became(const TrustAnchorState::Outcome& outcome) const {
    std::string text = outcome.isVerified ? "" : "not verified: ";
    for (const auto& change : outcome.changes) {
      text += change.tag == first.view().keyTag() ? "1 " : change.tag == second.view().keyTag() ? "2 " : "3 ";
      text += change.after ? std::string(taut::nameOf(*change.after)) : "gone";
      text += ' ';
    }
    return text + (outcome.isOtherTrust ? "!" : "");
  }

  bool isTrusted(const SigningKey& key) const {
    const TrustAnchors anchors = state.anchors();
    const TrustAnchors::Anchor* const anchor = anchors.find(zone);
    if (!anchor) return false;
    for (const ByteSpan ds : anchor->ds())
      if (taut::matchesDigest(zone, key.view(), *taut::DsView::parse(ds))) return true;
    return false;
  }

  std::string messages(const std::string& text) {
    std::string all;
    for (const Diagnostic& message : state.parse(text, "f")) all += message.toString() + '\n';
    return all;
  }

  SigningKey first{zone};
  SigningKey second{zone};
  SigningKey third{zone};
  TrustAnchorState state;
  Seconds now = start;
};

std::chrono::seconds untilNext(const TrustAnchorState& state, Seconds now) {
  return state.next(now)->due - now;
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a configured key is valid when it is seen, and was trusted before") {
  CHECK(isTrusted(first));
  CHECK(became(see({first.dnskey()}, {&first})) == "1 valid ");
  CHECK(isTrusted(first));
  CHECK(became(see({first.dnskey()}, {&first})).empty());
}

TEST_CASE_FIXTURE(Fixture, "a new key is trusted when it was there for 30 days, and not before") {
  see({first.dnskey()}, {&first});
  CHECK(became(see({first.dnskey(), second.dnskey()}, {&first})) == "2 pending ");
  now += 30 * day - 1s;
  CHECK(became(see({first.dnskey(), second.dnskey()}, {&first, &second})).empty());
  CHECK_FALSE(isTrusted(second));
  now += 1s;
  CHECK(became(see({first.dnskey(), second.dnskey()}, {&first})) == "2 valid !");
  CHECK(isTrusted(second));
  CHECK(became(see({second.dnskey()}, {&second})) == "1 missing ");
}

TEST_CASE_FIXTURE(Fixture, "a new key is held down for as long as the TTL of its RRset, where that is longer") {
  see({first.dnskey(), second.dnskey()}, {&first}, 40 * 86400);
  now += 30 * day;
  see({first.dnskey(), second.dnskey()}, {&first}, 40 * 86400);
  CHECK_FALSE(isTrusted(second));
}

TEST_CASE_FIXTURE(Fixture, "a new key that is gone once begins again") {
  see({first.dnskey(), second.dnskey()}, {&first});
  now += 29 * day;
  CHECK(became(see({first.dnskey()}, {&first})) == "2 gone ");
  now += day;
  CHECK(became(see({first.dnskey(), second.dnskey()}, {&first})) == "2 pending ");
  now += 29 * day;
  see({first.dnskey(), second.dnskey()}, {&first});
  CHECK_FALSE(isTrusted(second));
}

TEST_CASE_FIXTURE(Fixture, "an RRset that no trusted key has signed says nothing") {
  see({first.dnskey()}, {&first});
  CHECK(became(see({first.dnskey(), second.dnskey()}, {&second})) == "not verified: ");
  CHECK(became(see({second.dnskey()}, {&second})) == "not verified: ");
  CHECK(became(see({first.dnskey(), second.dnskey()}, {})) == "not verified: ");
  see({first.dnskey(), second.dnskey()}, {&first});
  now += 31 * day;
  CHECK(became(see({first.dnskey(), second.dnskey()}, {&second})) == "not verified: ");
  CHECK_FALSE(isTrusted(second));
}

TEST_CASE_FIXTURE(Fixture, "a trusted key that is missing goes on to be trusted, and may come back") {
  see({first.dnskey(), second.dnskey()}, {&first});
  now += 30 * day;
  see({first.dnskey(), second.dnskey()}, {&first});
  CHECK(became(see({first.dnskey()}, {&first})) == "2 missing ");
  now += 1000 * day;
  CHECK(isTrusted(second));
  CHECK(became(see({first.dnskey(), second.dnskey()}, {&second})) == "2 valid ");
}

TEST_CASE_FIXTURE(Fixture, "a key that revokes itself is never trusted again, though it is configured") {
  see({first.dnskey(), second.dnskey()}, {&first});
  now += 30 * day;
  see({first.dnskey(), second.dnskey()}, {&first});
  const SigningKey gone = first.withFlags(0x0181);
  CHECK(became(see({revoked(first), second.dnskey()}, {&gone, &second})) == "1 revoked !");
  CHECK_FALSE(isTrusted(first));
  CHECK(isTrusted(second));
  CHECK(became(see({first.dnskey(), second.dnskey()}, {&first})) == "not verified: ");
  now += 30 * day;
  CHECK(became(see({second.dnskey()}, {&second})) == "1 removed ");
  CHECK(became(see({first.dnskey(), second.dnskey()}, {&second})).empty());
  now += 100 * day;
  CHECK(became(see({first.dnskey(), second.dnskey()}, {&second})).empty());
  CHECK_FALSE(isTrusted(first));
}

TEST_CASE_FIXTURE(Fixture, "a revocation counts only where the key itself has signed it") {
  see({first.dnskey(), second.dnskey()}, {&first});
  now += 30 * day;
  see({first.dnskey(), second.dnskey()}, {&first});
  CHECK(became(see({revoked(first), second.dnskey()}, {&second})) == "1 missing ");
  CHECK(isTrusted(first));
}

TEST_CASE_FIXTURE(Fixture, "a configured key that was revoked before it was ever seen is not trusted") {
  const SigningKey gone = first.withFlags(0x0181);
  CHECK(became(see({revoked(first)}, {&gone})) == "not verified: 1 revoked !");
  CHECK_FALSE(isTrusted(first));
  CHECK(state.anchors().empty());
  CHECK(became(see({first.dnskey()}, {&first})) == "not verified: ");
}

TEST_CASE_FIXTURE(Fixture, "a new key that is revoked before its time is gone") {
  see({first.dnskey(), second.dnskey()}, {&first});
  const SigningKey gone = second.withFlags(0x0181);
  CHECK(became(see({first.dnskey(), revoked(second)}, {&first, &gone})) == "2 gone ");
}

TEST_CASE_FIXTURE(Fixture, "keys that are no entry points, or that nobody validates, are not taken up") {
  const SigningKey zoneKey(zone, DnssecAlgorithm::ED25519, 0x0100);
  Octets unknown = second.dnskey();
  unknown[3] = 200;
  CHECK(became(see({first.dnskey(), zoneKey.dnskey(), unknown}, {&first})) == "1 valid ");
}

TEST_CASE_FIXTURE(Fixture, "a zone has a bounded number of keys") {
  std::vector<Octets> keys{first.dnskey()};
  for (int i = 0; i < 60; ++i) {
    keys.push_back(second.dnskey());
    keys.back().back() ^= static_cast<std::uint8_t>(i + 1);
  }
  CHECK(see(keys, {&first}).changes.size() == TrustAnchorState::maxKeys);
  while (keys.size() <= taut::maxZoneKeys) keys.emplace_back(keys.back()).back() ^= 64;
  CHECK_FALSE(see(keys, {&first}).isVerified);
}

TEST_CASE_FIXTURE(Fixture,
                  "a zone is asked again after half of its TTL or of what its signature has left, within bounds") {
  CHECK(state.next(now)->zone == zone);
  CHECK(state.next(now)->due == Seconds());
  see({first.dnskey()}, {&first}, 86400);
  CHECK(untilNext(state, now) == 12h);
  see({first.dnskey()}, {&first}, 60);
  CHECK(untilNext(state, now) == 1h);
  see({first.dnskey()}, {&first}, 60 * 86400);
  CHECK(untilNext(state, now) == 10 * day - 500s);
}

TEST_CASE_FIXTURE(Fixture,
                  "after a failure a zone is asked again in a tenth of the time, an hour at least and a day at most") {
  state.noteFailure(zone, now);
  CHECK(untilNext(state, now) == 1h);
  see({first.dnskey()}, {&first}, 5 * 86400);
  state.noteFailure(zone, now);
  CHECK(untilNext(state, now) == 12h);
  see({second.dnskey()}, {&second}, 60);
  CHECK(untilNext(state, now) == 12h);
  see({first.dnskey()}, {&first}, 60 * 86400);
  state.noteFailure(zone, now);
  CHECK(untilNext(state, now) == day);
}

TEST_CASE_FIXTURE(Fixture, "a clock that was ahead delays no query and no key for ever") {
  now += 100000 * day;
  see({first.dnskey(), second.dnskey()}, {&first});
  now = start;
  CHECK(untilNext(state, now) == 15 * day);
  see({first.dnskey(), second.dnskey()}, {&first});
  now += 30 * day;
  CHECK(became(see({first.dnskey(), second.dnskey()}, {&first})) == "2 valid !");
}

TEST_CASE_FIXTURE(Fixture, "zones without a trust anchor are nobody's business") {
  const auto outcome = state.update(Name("org."), taut::RRset(), taut::RRset(), AlgorithmPolicy(), now);
  CHECK_FALSE(outcome.isVerified);
  state.noteFailure(Name("org."), now);
  CHECK(state.next(now)->due == Seconds());
  CHECK_FALSE(TrustAnchorState(TrustAnchors()).next(now));
}

TEST_CASE_FIXTURE(Fixture, "the state goes on where it was when it was written") {
  see({first.dnskey(), second.dnskey()}, {&first});
  const std::string text = state.toText();
  state = TrustAnchorState(configured());
  CHECK(messages(text).empty());
  CHECK(state.toText() == text);
  now += 30 * day;
  CHECK(became(see({first.dnskey(), second.dnskey()}, {&first})) == "2 valid !");
}

TEST_CASE_FIXTURE(Fixture, "a revoked key is not trusted after a restart, whatever the configuration says") {
  const SigningKey gone = first.withFlags(0x0181);
  see({revoked(first)}, {&gone});
  const std::string text = state.toText();
  state = TrustAnchorState(configured());
  CHECK(isTrusted(first));
  CHECK(messages(text).empty());
  CHECK_FALSE(isTrusted(first));
}

TEST_CASE_FIXTURE(Fixture, "zones of the file that are not configured any more are left out") {
  CHECK(messages("; comment\norg. next 7\norg. valid 7 257 3 13 AAAA ; another\n").empty());
  CHECK(state.toText().find("org") == std::string::npos);
}

TEST_CASE_FIXTURE(Fixture,
                  "a line that is wrong is told with its place and what would be right, and the state is as it was") {
  see({first.dnskey()}, {&first});
  const std::string before = state.toText();
  const std::string key = "257 3 13 AAAA";
  CHECK(messages("\na..b valid 7 " + key) == "f:2:1: error: not a domain name, expected the zone of a trust anchor\n");
  CHECK(messages("example. good 7 " + key) ==
        "f:1:10: error: not a state, expected next, pending, valid, missing, revoked or removed\n");
  CHECK(messages("example. valid today " + key) == "f:1:16: error: not a time, expected seconds since 1970\n");
  CHECK(messages("example. valid -1 " + key) == "f:1:16: error: not a time, expected seconds since 1970\n");
  CHECK(messages("example. valid") == "f:1:15: error: expected ZONE, STATE and TIME\n");
  CHECK(messages("example. valid 7").starts_with("f:1:17: error: missing data: expected "));
  CHECK(messages("example. valid 7 257 3 13 !").starts_with("f:1:27: error: "));
  CHECK(messages("example. valid 7 385 3 13 AAAA") ==
        "f:1:18: error: not the key of a zone, expected flags 257 or 256, protocol 3, and a key\n");
  CHECK(messages("example. next 7 8") == "f:1:17: error: more words than 'next' takes, expected the end of the line\n");
  CHECK(messages("example. valid 7 " + key + "\nexample. missing 7 " + key) ==
        "f:2:20: error: the same key as in a line before, expected one line for each\n");
  std::string many;
  for (int i = 0; i < 100; ++i) many += "example. good 7\n";
  CHECK(state.parse(many, "f").size() == 10);
  CHECK(state.toText() == before);
}

TEST_CASE_FIXTURE(Fixture, "a file has no more keys of a zone than the state") {
  std::string text;
  for (int i = 0; i < 33; ++i)
    text += fmt::format("example. valid 7 257 3 13 {}AAA\n",
                        static_cast<char>('A' + i % 26) + std::string(1, static_cast<char>('a' + i / 26)) + "AAA");
  CHECK(messages(text) == "f:33:1: error: more than 32 keys of example.\n");
}

TEST_CASE_FIXTURE(Fixture, "the file takes the place of the one before, and one that is not there is no mistake") {
  const taut::TemporaryFolder folder;
  const std::string path = folder.path("anchors");
  CHECK(state.read(path).empty());
  see({first.dnskey(), second.dnskey()}, {&first});
  REQUIRE(state.write(path).ok());
  TrustAnchorState other(configured());
  CHECK(other.read(path).empty());
  CHECK(other.toText() == state.toText());
  const auto failed = state.write(folder.path("none/anchors"));
  REQUIRE_FALSE(failed.ok());
  CHECK(failed.error().starts_with(folder.path("none/anchors") + ": "));
}

TEST_CASE_FIXTURE(Fixture, "with a file that cannot be read, the configured anchors are trusted") {
  const taut::TemporaryFolder folder;
  const std::vector<Diagnostic> messages = state.read(folder.path());
  REQUIRE(messages.size() == 1);
  CHECK(messages[0].toString().starts_with(folder.path() + ": error: cannot read the file: "));
  CHECK(isTrusted(first));
}

TEST_CASE_FIXTURE(Fixture, "what becomes of a key is told for the log") {
  const auto text = [](const TrustAnchorState::Outcome& outcome) { return outcome.changes.at(0).toString(); };
  const std::string key = fmt::format("trust anchor of example.: key {} ", second.view().keyTag());
  see({first.dnskey()}, {&first});
  CHECK(text(see({first.dnskey(), second.dnskey()}, {&first})) ==
        key + "is new, and will be trusted from 1970-02-17 on");
  CHECK(text(see({first.dnskey()}, {&first})) == key + "was new, and is gone");
  see({first.dnskey(), second.dnskey()}, {&first});
  now += 30 * day;
  CHECK(text(see({first.dnskey(), second.dnskey()}, {&first})) == key + "is trusted");
  CHECK(text(see({first.dnskey()}, {&first})) == key + "is trusted, though the zone does not have it any more");
  CHECK(text(see({first.dnskey(), second.dnskey()}, {&first})) == key + "is there again");
  const SigningKey gone = second.withFlags(0x0181);
  CHECK(text(see({first.dnskey(), revoked(second)}, {&first, &gone})) ==
        key + "was revoked, and is not trusted any more");
  now += 30 * day;
  CHECK(text(see({first.dnskey()}, {&first})) == key + "was revoked, and is not looked for any more");
}

}  // namespace trust_anchor_state_test
