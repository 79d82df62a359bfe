#include "verbose_log.hpp"

#include <chrono>
#include <string>

#include "taut/base/format.hpp"
#include "taut/base/log.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/dns/rdata_text.hpp"

namespace taut {

namespace {

std::string payloads(const Answer& answer, Section section) {
  fmt::memory_buffer text;
  answer.forEach(section, [&](const RRset& rrset) {
    for (const ByteSpan rdata : rrset) {
      if (text.size() > 0) text.push_back(' ');
      appendFormat(text, "<{} ", rrset.type);
      printRdata(rrset.type, rdata, text);
      appendFormat(text, " ttl={}>", rrset.ttl);
    }
  });
  return fmt::to_string(text);
}

}  // namespace

void VerboseLog::received(const Query& query) const {
  if (!query.hasQuestion()) {
    log::info("Empty query from {}", query.peer());
  } else if (level_ > 1) {
    log::info("<Query {} {} {}> query from {}", query.name(), query.type(), query.rrClass(), query.peer());
  } else {
    log::info("{} query from {}", query.type(), query.peer());
  }
}

void VerboseLog::found(const Answer& answer) const {
  if (answer.rcode() != Rcode::NOERROR) {
    log::info("Lookup failed");
    return;
  }
  const std::size_t count = answer.recordCount();
  log::info("Lookup found {} record{}", count, count == 1 ? "" : "s");
}

void VerboseLog::replying(const Answer& answer) const {
  if (level_ < 2) return;
  if (answer.recordCount(Section::answer) == 0) {
    log::info("Replying with no answers");
    return;
  }
  log::info("Answers are {}", payloads(answer, Section::answer));
  log::info("Authority is {}", payloads(answer, Section::authority));
  log::info("Additional is {}", payloads(answer, Section::additional));
}

void VerboseLog::processed(const Query& query, TimePoint now) const {
  const std::chrono::duration<double> elapsed = now - query.received();
  log::info("Processed query in {:.3f} seconds", elapsed.count());
}

void VerboseLog::unsupported(const Query& query, std::string_view what) const {
  log::info("{} from {}", what, query.peer());
}

}  // namespace taut
