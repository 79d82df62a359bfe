// Answers one question again and again: for callgrind, whose counts do not depend on the machine's mood.
#include "whole_answer.hpp"

#include <cstdio>
#include <exception>
#include <optional>

namespace {

using namespace taut;

struct Case {
  std::string_view name;
  std::string_view question;
  bool edns;
  bool dnssecOk;
  bool cached;
  Rcode rcode;
  bool rateLimited = false;
};

constexpr Case cases[] = {
    {"hit", "h3.example.com", false, false, false, Rcode::NOERROR},
    {"hit-edns", "h3.example.com", true, false, false, Rcode::NOERROR},
    {"alias", "alias.example.com", true, false, false, Rcode::NOERROR},
    {"wildcard", "any.wild.example.com", true, false, false, Rcode::NOERROR},
    {"referral", "www.child.example.com", true, false, false, Rcode::NOERROR},
    {"name-error", "nothing.example.com", true, false, false, Rcode::NXDOMAIN},
    {"signed", "signed.example.com", true, true, false, Rcode::NOERROR},
    {"signed-name-error", "nothing.example.com", true, true, false, Rcode::NXDOMAIN},
    {"cache-hit", "h3.example.com", true, false, true, Rcode::NOERROR},
    {"hit-rate-limit", "h3.example.com", false, false, false, Rcode::NOERROR, true},
};

int run(const Case& chosen, long rounds) {
  const auto zones = benchmarkZones(10);
  const auto request = questionOctets(chosen.question, Type::A, chosen.edns, chosen.dnssecOk);
  WholeAnswer answer(chosen.cached ? std::make_shared<const ZoneSet>() : zones);
  if (chosen.cached) answer.fillCache(request);
  if (chosen.rateLimited) answer.countResponses();
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
