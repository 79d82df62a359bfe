// Answers one question again and again, for callgrind, whose counts do not depend on other work on the machine.
#include "whole_answer.hpp"

#include <cstdint>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

namespace {

using namespace taut;

enum class Source : std::uint8_t { zone, cache, largeRRsets, changed };

struct Case {
  std::string_view name;
  std::string_view question;
  bool edns;
  bool dnssecOk;
  Source source;
  Rcode rcode;
  bool rateLimited = false;
  Type type = Type::A;
  bool tapped = false;
  bool countsTop = false;
};

constexpr Case cases[] = {
    {"hit", "h3.example.com", false, false, Source::zone, Rcode::NOERROR},
    {"hit-edns", "h3.example.com", true, false, Source::zone, Rcode::NOERROR},
    {"alias", "alias.example.com", true, false, Source::zone, Rcode::NOERROR},
    {"wildcard", "any.wild.example.com", true, false, Source::zone, Rcode::NOERROR},
    {"referral", "www.child.example.com", true, false, Source::zone, Rcode::NOERROR},
    {"name-error", "nothing.example.com", true, false, Source::zone, Rcode::NXDOMAIN},
    {"signed", "signed.example.com", true, true, Source::zone, Rcode::NOERROR},
    {"signed-name-error", "nothing.example.com", true, true, Source::zone, Rcode::NXDOMAIN},
    {"cache-hit", "h3.example.com", true, false, Source::cache, Rcode::NOERROR},
    {"hit-rate-limit", "h3.example.com", false, false, Source::zone, Rcode::NOERROR, true},
    {"hit-dnstap", "h3.example.com", false, false, Source::zone, Rcode::NOERROR, false, Type::A, true},
    {"hit-top", "h3.example.com", false, false, Source::zone, Rcode::NOERROR, false, Type::A, false, true},
    {"large-rrset", "mail.example.com", true, false, Source::largeRRsets, Rcode::NOERROR, false, Type::MX},
    {"large-referral", "www.child.example.com", true, false, Source::largeRRsets, Rcode::NOERROR},
    {"hit-beside-changes", "h3.example.com", false, false, Source::changed, Rcode::NOERROR},
    {"hit-changed", "h4.example.com", false, false, Source::changed, Rcode::NOERROR},
    {"long-chain", "a.example.com", true, false, Source::largeRRsets, Rcode::NOERROR},
};

std::shared_ptr<const ZoneSet> servedFor(Source source) {
  switch (source) {
    case Source::zone:
      return benchmarkZones(10);
    case Source::cache:
      break;
    case Source::largeRRsets:
      return zonesOf(largeRRsetZone(3000));
    case Source::changed:
      return changedZones();
  }
  return std::make_shared<const ZoneSet>();
}

int run(const Case& chosen, long rounds) {
  const bool isLongest = chosen.name == "long-chain";
  const std::string question = isLongest ? longestName(chosen.question) : std::string(chosen.question);
  const auto request = questionOctets(question, chosen.type, chosen.edns, chosen.dnssecOk);
  WholeAnswer answer(servedFor(chosen.source));
  if (chosen.source == Source::cache) answer.fillCache(request);
  if (chosen.rateLimited) answer.countResponses();
  if (chosen.tapped) answer.tap();
  if (chosen.countsTop) answer.countTop();
  const ByteSpan reply = answer(request);
  if ((reply[3] & flag::rcodeMask) != static_cast<unsigned>(chosen.rcode)) throw std::runtime_error("the wrong answer");
  for (long round = 0; round < rounds; ++round) answer(request);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 1) {
    for (const Case& known : cases) std::printf("%s\n", std::string(known.name).c_str());
    return 0;
  }
  try {
    for (const Case& known : cases)
      if (argc == 3 && known.name == argv[1]) return run(known, std::stol(argv[2]));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "taut-whole-answer: %s\n", error.what());
    return 1;
  }
  std::fputs("Usage: taut-whole-answer [CASE ROUNDS]\n", stderr);
  return 2;
}
