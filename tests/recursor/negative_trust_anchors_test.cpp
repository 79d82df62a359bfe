#include "taut/recursor/negative_trust_anchors.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include <doctest/doctest.h>

namespace negative_trust_anchors_test {

namespace {

using namespace std::chrono_literals;
using taut::Name;
using taut::NegativeTrustAnchors;
using taut::TimePoint;

constexpr TimePoint start{1h};

std::string covering(const NegativeTrustAnchors& anchors, const char* name, TimePoint now = start) {
  const NegativeTrustAnchors::Entry* const entry = anchors.covers(Name(name), now);
  return entry ? entry->name.toString() : "none";
}

std::string listed(const NegativeTrustAnchors& anchors, TimePoint now) {
  std::string text;
  for (const NegativeTrustAnchors::Entry& entry : anchors.list(now)) text += entry.name.toString() + ' ';
  return text;
}

}  // namespace

TEST_CASE("a negative trust anchor covers its name and all below it, and the closest one counts") {
  NegativeTrustAnchors anchors;
  CHECK(covering(anchors, "example.") == "none");
  CHECK(anchors.add(Name("example."), {}, start));
  CHECK(anchors.add(Name("Sub.Example."), {}, start));
  CHECK(covering(anchors, "example.") == "example.");
  CHECK(covering(anchors, "www.example.") == "example.");
  CHECK(covering(anchors, "www.sub.EXAMPLE.") == "Sub.Example.");
  CHECK(covering(anchors, "notexample.") == "none");
  CHECK(covering(anchors, ".") == "none");
}

TEST_CASE("a negative trust anchor ends when its time is over, and one above it counts again") {
  NegativeTrustAnchors anchors;
  anchors.add(Name("example."), {}, start);
  anchors.add(Name("sub.example."), start + 1h, start);
  CHECK(covering(anchors, "sub.example.", start + 1h - 1s) == "sub.example.");
  CHECK(covering(anchors, "sub.example.", start + 1h) == "example.");
  CHECK(covering(anchors, "sub.example.", start + 10000h) == "example.");
}

TEST_CASE("a negative trust anchor that is set again has the new time, but one of the configuration stays for ever") {
  NegativeTrustAnchors anchors;
  anchors.add(Name("example."), start + 2h, start);
  anchors.add(Name("EXAMPLE."), start + 1h, start);
  CHECK(covering(anchors, "example.", start + 1h) == "none");
  anchors.add(Name("example."), {}, start);
  anchors.add(Name("example."), start + 1h, start);
  CHECK(covering(anchors, "example.", start + 1h) == "example.");
}

TEST_CASE("a negative trust anchor that was removed covers nothing") {
  NegativeTrustAnchors anchors;
  anchors.add(Name("example."), {}, start);
  CHECK(anchors.remove(Name("EXAMPLE.")));
  CHECK_FALSE(anchors.remove(Name("example.")));
  CHECK(covering(anchors, "example.") == "none");
}

TEST_CASE("negative trust anchors are listed in canonical order, without those that are over") {
  NegativeTrustAnchors anchors;
  for (const char* const name : {"b.example.", "z.a.example.", "a.example.", "example."})
    anchors.add(Name(name), name[0] == 'b' ? std::optional(start + 1h) : std::nullopt, start);
  CHECK(listed(anchors, start) == "example. a.example. z.a.example. b.example. ");
  CHECK(listed(anchors, start + 1h) == "example. a.example. z.a.example. ");
}

TEST_CASE("there are no more than 1024 negative trust anchors, and those that are over make room") {
  NegativeTrustAnchors anchors;
  const auto name = [](std::size_t number) { return Name(std::to_string(number) + ".example."); };
  for (std::size_t i = 0; i < NegativeTrustAnchors::maxCount; ++i)
    CHECK(anchors.add(name(i), i == 7 ? std::optional(start + 1h) : std::nullopt, start));
  CHECK_FALSE(anchors.add(name(5000), {}, start));
  CHECK(anchors.add(name(3), {}, start));
  CHECK(anchors.add(name(5000), {}, start + 1h));
  CHECK(covering(anchors, "5000.example.", start + 1h) == "5000.example.");
  CHECK_FALSE(anchors.add(name(5001), {}, start + 1h));
}

}  // namespace negative_trust_anchors_test
