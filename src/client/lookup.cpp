#include "taut/client/lookup.hpp"

#include <string_view>

#include <fmt/format.h>

#include "taut/dns/rdata.hpp"
#include "taut/dns/rdata_text.hpp"

namespace taut {

namespace {

std::string describe(const LookupOutcome& outcome) {
  switch (outcome.status) {
    case LookupStatus::found:
      return "found";
    case LookupStatus::badName:
      return fmt::format("that is no name: {}", outcome.bad ? taut::describe(*outcome.bad) : std::string_view());
    case LookupStatus::nameError:
      return "there is no such name";
    case LookupStatus::noData:
      return "the name has no such records";
    case LookupStatus::failed:
      return fmt::format("{}", outcome.rcode);
    case LookupStatus::noReply:
      return "no server answers";
    case LookupStatus::endlessAliases:
      return "aliases without end";
    case LookupStatus::stopped:
      return "stopped";
  }
  return {};
}

}  // namespace

std::string LookupOutcome::reason() const {
  std::string text = fmt::format("{} {}: {}", name, type, describe(*this));
  if (extendedError && status != LookupStatus::noReply)
    text += fmt::format(" (extended error {})", static_cast<unsigned>(*extendedError));
  if (!extendedErrorText.empty()) text += ": " + extendedErrorText;
  return text;
}

std::string LookupRecord::toString() const {
  fmt::memory_buffer text;
  printRdata(type, rdata, text);
  return fmt::format("{} {} {} {}", owner, ttl, type, std::string_view(text.data(), text.size()));
}

}  // namespace taut
