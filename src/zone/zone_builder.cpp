#include "taut/zone/zone_builder.hpp"

#include <utility>

#include "diagnostic_list.hpp"
#include "record_log.hpp"
#include "zone_assembler.hpp"

namespace taut {

struct ZoneBuilder::State {
  std::optional<Name> origin;
  Class rrClass = Class::IN;
  detail::RecordLog log;
};

ZoneBuilder::ZoneBuilder(std::optional<Name> origin, Class rrClass) : state_(std::make_unique<State>()) {
  state_->origin = origin;
  state_->rrClass = rrClass;
}

ZoneBuilder::~ZoneBuilder() = default;
ZoneBuilder::ZoneBuilder(ZoneBuilder&&) noexcept = default;
ZoneBuilder& ZoneBuilder::operator=(ZoneBuilder&&) noexcept = default;

void ZoneBuilder::add(NameView owner, Type type, std::uint32_t ttl, ByteSpan rdata, const RecordPlace& place) {
  state_->log.add(owner, type, ttl, rdata, place.file, place.line);
}

ZoneBuild ZoneBuilder::build(const ZoneChecks& checks, unsigned threads, const std::function<bool()>& goesOn) {
  detail::DiagnosticList diagnostics(checks.maxDiagnostics);
  ZoneBuild result;
  result.zone =
      ZoneAssembler(state_->log, state_->origin, state_->rrClass, checks, diagnostics, threads).assemble(goesOn);
  result.diagnostics = diagnostics.take();
  state_->log = {};
  return result;
}

}  // namespace taut
