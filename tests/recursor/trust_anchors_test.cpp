#include "taut/recursor/trust_anchors.hpp"

#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "support/temporary_file.hpp"
#include "taut/dnssec/dnskey.hpp"
#include "taut/dnssec/ds.hpp"

namespace trust_anchors_test {

namespace {

using taut::ByteSpan;
using taut::Diagnostic;
using taut::DnskeyView;
using taut::DsView;
using taut::Name;
using taut::TemporaryFile;
using taut::TrustAnchors;
using taut::Type;

const std::string digest(64, 'A');
// The KSK of 2017.
const std::string key =
    "AwEAAaz/tAm8yTn4Mfeh5eyI96WSVexTBAvkMgJzkKTOiW1vkIbzxeF3+/4RgWOq7HrxRixHlFlExOLAJr5emLvN7SWXgnLh4+B5xQlNVz8Og8kv"
    "ArMtNROxVQuCaSnIDdD5LKyWbRd2n9WGe2R8PzgCmr3EgVLrjyBxWezF0jLHwVN8efS3rCj/EWgvIWgb9tarpVUDK/b58Da+sqqls3eNbuv7pr+e"
    "oZG+SrDK6nWeL3c6H5Apxz7LjVc1uTIdsIXxuOLYA4/ilBmSVIzuDWfdRUfhHdY6+cn8HFRm+2hM8AnXGXws9555KrUB5qihylGa8subX2Nn6UwN"
    "R1AkUTV74bU=";

// The messages about the text, a line each, and the anchors that it has.
struct Read {
  explicit Read(const std::string& text) {
    for (const Diagnostic& message : taut::parseTrustAnchors(text, "f", anchors)) messages += message.toString() + '\n';
  }
  TrustAnchors anchors;
  std::string messages;
};

std::string closest(const TrustAnchors& anchors, const char* name) {
  const TrustAnchors::Anchor* const anchor = anchors.closest(Name(name));
  return anchor ? anchor->zone.toString() : "none";
}

}  // namespace

TEST_CASE("the built-in trust anchors are the root's keys of 2017 and 2024") {
  const TrustAnchors anchors = TrustAnchors::builtIn();
  REQUIRE(anchors.size() == 1);
  const taut::RRset ds = anchors.find(Name("."))->ds();
  REQUIRE(ds.count == 2);
  CHECK(DsView::parse(*ds.begin())->keyTag() == 20326);
  CHECK(DsView::parse(*++ds.begin())->keyTag() == 38696);
  Read published(". IN DNSKEY 257 3 8 " + key + "\n");
  REQUIRE(published.messages.empty());
  const taut::RRset keys = published.anchors.find(Name("."))->keys();
  CHECK(taut::matchesDigest(Name("."), *DnskeyView::parse(keys.front()), *DsView::parse(ds.front())));
}

TEST_CASE("the built-in trust anchors are those of the system's file") {
  if (!std::filesystem::exists(taut::systemTrustAnchors)) return;
  const TrustAnchors builtIn = TrustAnchors::builtIn();
  TrustAnchors anchors;
  CHECK(taut::readTrustAnchors(std::string(taut::systemTrustAnchors), anchors).empty());
  const taut::RRset expected = builtIn.find(Name("."))->ds();
  const taut::RRset found = anchors.find(Name("."))->ds();
  const auto octets = [](ByteSpan rdata) { return std::vector<std::uint8_t>(rdata.begin(), rdata.end()); };
  std::size_t same = 0;
  for (const ByteSpan rdata : found)
    for (const ByteSpan other : expected) same += octets(rdata) == octets(other) ? 1 : 0;
  CHECK(same == 2);
}

TEST_CASE("records of trust anchors may leave out TTL, class and the final dot, and have comments") {
  const Read read("; anchors\na.example DS 1 13 2 " + digest + " ; a comment\nb.example. IN DS 1 13 2 " + digest +
                  "\nc.example. 3600 DS 1 13 2 " + digest + "\nd.example. IN 3600 DS 1 13 2 (\n " + digest +
                  " )\n e 0 IN DS 1 13 2 " + digest + "\n");
  CHECK(read.messages == "f:7:2: error: unknown type 'e'\n");
  for (const char* const zone : {"a.example.", "b.example.", "c.example.", "d.example."}) {
    INFO(zone);
    REQUIRE(read.anchors.find(Name(zone)));
    CHECK(read.anchors.find(Name(zone))->ds().count == 1);
    CHECK(read.anchors.find(Name(zone))->keys().count == 0);
  }
}

TEST_CASE("a DNSKEY is trusted as the digest that a DS would have") {
  const Read read(". DNSKEY 257 3 8 " + key + "\n");
  const TrustAnchors::Anchor* const anchor = read.anchors.find(Name("."));
  REQUIRE(anchor);
  CHECK(anchor->keys().count == 1);
  REQUIRE(anchor->ds().count == 1);
  CHECK(DsView::parse(anchor->ds().front())->keyTag() == 20326);
}

TEST_CASE("a trust anchor that is given twice counts once") {
  const std::string record = ". DNSKEY 257 3 8 " + key + "\n";
  const Read read(record + ". DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D\n" +
                  record);
  CHECK(read.messages.empty());
  CHECK(read.anchors.find(Name("."))->ds().count == 1);
  CHECK(read.anchors.find(Name("."))->keys().count == 1);
}

TEST_CASE("the closest trust anchor is at the name or above it, and names have no case") {
  const Read read("example DS 1 13 2 " + digest + "\nsub.EXAMPLE DS 1 13 2 " + digest + "\n");
  CHECK(closest(read.anchors, "www.Sub.example.") == "sub.EXAMPLE.");
  CHECK(closest(read.anchors, "sub.example.") == "sub.EXAMPLE.");
  CHECK(closest(read.anchors, "subb.example.") == "example.");
  CHECK(closest(read.anchors, "example.") == "example.");
  CHECK(closest(read.anchors, ".") == "none");
  CHECK(closest(TrustAnchors(), "example.") == "none");
  CHECK_FALSE(read.anchors.find(Name("www.example.")));
}

TEST_CASE("an anchor that is a copy does not change with the first one") {
  Read read("example DS 1 13 2 " + digest + "\n");
  const TrustAnchors copy = read.anchors;
  taut::parseTrustAnchors("example DS 2 13 2 " + digest + "\n", "g", read.anchors);
  CHECK(read.anchors.find(Name("example."))->ds().count == 2);
  CHECK(copy.find(Name("example."))->ds().count == 1);
}

TEST_CASE("a record that is no trust anchor is told with its place and what would be right") {
  CHECK(Read("\nexample A 192.0.2.1\n").messages == "f:2: error: A is no trust anchor, expected DS or DNSKEY\n");
  CHECK(Read("example CH DS 1 13 2 " + digest + "\n").messages ==
        "f:1: error: a record of another class, expected IN\n");
  CHECK(Read("example DS 1 13 2 AABB\n").messages.starts_with("f:1:19: error: DS: the digest's length"));
  CHECK(Read("example DNSKEY 0 3 13 AAAA\n").messages ==
        "f:1: error: DNSKEY: not the key of a zone, expected flags 257 or 256 and protocol 3, not 0 and 3\n");
  CHECK(Read("example DNSKEY 385 3 13 AAAA\n").messages ==
        "f:1: error: DNSKEY: a revoked key (RFC 5011), expected one with flags 257, not 385\n");
  CHECK(Read("example DS 1 13\n").messages.starts_with("f:1:16: error: DS: missing data: expected "));
  CHECK(Read("$INCLUDE /etc/passwd\n").messages == "f:1:1: error: $INCLUDE is not allowed here\n");
  CHECK(Read("; nothing\n").messages == "f: error: no trust anchor, expected records of the type DS or DNSKEY\n");
}

TEST_CASE("octets that can be no trust anchor are refused with the reason") {
  TrustAnchors anchors;
  const auto reason = [&](Type type, const std::vector<std::uint8_t>& rdata) {
    return anchors.add(Name("example."), type, rdata).error();
  };
  CHECK(reason(Type::DS, {0, 1, 13, 2}) == "DS: no digest, expected one behind the digest type");
  CHECK(reason(Type::DS, {0, 1, 13, 2, 7}) == "DS: a digest of 1 octets, expected 32 for digest type 2");
  CHECK(reason(Type::DNSKEY, {1, 1, 3, 13}) == "DNSKEY: no key, expected one behind the algorithm");
  CHECK(reason(Type::TXT, {0}) == "TXT is no trust anchor, expected DS or DNSKEY");
  CHECK(anchors.empty());
}

TEST_CASE("a zone has no more trust anchors than are tried, and one more is a mistake") {
  std::string text;
  for (int tag = 1; tag <= 9; ++tag) text += "example DS " + std::to_string(tag) + " 13 2 " + digest + "\n";
  const Read read(text);
  CHECK(read.messages == "f:9: error: more than 8 trust anchors of example., of which no more are tried\n");
  CHECK(read.anchors.find(Name("example."))->ds().count == 8);
}

TEST_CASE("a file that is something else costs ten messages") {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "<html>\n";
  TrustAnchors anchors;
  CHECK(taut::parseTrustAnchors(text, "f", anchors).size() == 10);
}

TEST_CASE("without a file, or with one that is broken, the default trust anchors are the built-in ones") {
  const TemporaryFile file("example DS 1 13 2 " + digest + "\n");
  CHECK(taut::defaultTrustAnchors(file.path()).find(Name("example.")));
  const TemporaryFile broken("example DS 1 13 2 " + digest + "\nexample A 192.0.2.1\n");
  for (const std::string& path : {std::string("/nowhere/root.key"), broken.path()}) {
    const TrustAnchors anchors = taut::defaultTrustAnchors(path);
    CHECK(anchors.find(Name(".")));
    CHECK_FALSE(anchors.find(Name("example.")));
  }
}

}  // namespace trust_anchors_test
