// taut-checkzone: reads a master file as the server does, and reports what is wrong with it.
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "taut/dns/name.hpp"
#include "taut/zone/diagnostic.hpp"
#include "taut/zone/master_file.hpp"
#include "taut/zone/zone_file.hpp"
#include "taut/zone/zone_writer.hpp"

namespace {

constexpr int good = 0;
constexpr int bad = 1;
constexpr int misused = 2;

struct Arguments {
  std::string origin;
  std::string file;
  std::string dumpFile;
  std::string rrClass = "IN";
  bool print = false;
  bool requireZonemd = false;
  bool quiet = false;
};

void write(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

// Prints records as they are read, even if they make no zone.
class Dumper final : public taut::MasterFileHandler {
 public:
  bool onRecord(const taut::MasterRecord& record) override {
    fmt::memory_buffer line;
    taut::writeRecord(record.owner, record.ttl, record.rrClass, record.type, record.rdata, line,
                      taut::RdataForm::generic);
    write({line.data(), line.size()});
    return true;
  }

  bool onDiagnostic(taut::Diagnostic diagnostic) override {
    fmt::print(stderr, "{}\n", diagnostic.toString());
    return true;
  }
};

int dump(const Arguments& arguments) {
  taut::MasterFileOptions options;
  if (!arguments.origin.empty()) options.origin = taut::Name(arguments.origin);
  Dumper dumper;
  return scanMasterFile(arguments.dumpFile, options, dumper) ? good : bad;
}

int check(const Arguments& arguments) {
  taut::ZoneSource source{arguments.file, taut::Name(arguments.origin)};
  source.rrClass = *taut::classFromText(arguments.rrClass);
  taut::ZoneLoadOptions options;
  options.checks.requireZonemd = arguments.requireZonemd;
  const taut::ZoneLoad load = loadZone(source, options);
  for (const taut::Diagnostic& diagnostic : load.diagnostics) fmt::print(stderr, "{}\n", diagnostic.toString());
  if (!load.ok()) {
    fmt::print(stderr, "zone {}: refused\n", source.origin->toString());
    return bad;
  }
  const taut::Zone& zone = *load.zone;
  if (arguments.print)
    writeZone(zone, write);
  else if (!arguments.quiet)
    fmt::print("zone {}: serial {}, {} records at {} names: OK\n", zone.origin(), zone.serial(), zone.recordCount(),
               zone.nodeCount() + zone.nsec3Nodes().size());
  return good;
}

// What is wrong with the arguments; nothing where they make sense.
std::optional<std::string> fault(const Arguments& arguments) {
  if (arguments.dumpFile.empty() && (arguments.origin.empty() || arguments.file.empty()))
    return "expected ORIGIN and FILE";
  if (!arguments.origin.empty() && !taut::Name::parse(arguments.origin))
    return fmt::format("'{}' is not a domain name", arguments.origin);
  if (!taut::classFromText(arguments.rrClass)) return fmt::format("'{}' is not a class", arguments.rrClass);
  return std::nullopt;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app(
      "Checks a zone's master file as tautd does when it loads it.\n"
      "Exit status: 0 the zone would be served, 1 it would be refused, 2 wrong usage.");
  app.add_option("ORIGIN", arguments.origin, "the zone's name");
  app.add_option("FILE", arguments.file, "the master file");
  app.add_flag("--print", arguments.print, "write the zone in canonical form to standard output");
  app.add_option("--dump", arguments.dumpFile, "write the records of a file, a zone or not, with RFC 3597 RDATA");
  app.add_flag("--require-zonemd", arguments.requireZonemd,
               "refuse a zone whose ZONEMD records all have unknown schemes or hashes");
  app.add_option("--class", arguments.rrClass, "the zone's class")->capture_default_str();
  app.add_flag("-q,--quiet", arguments.quiet, "write nothing when all is well");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? good : misused;
  }
  if (const auto problem = fault(arguments)) {
    fmt::print(stderr, "taut-checkzone: {}\nRun with --help for more information.\n", *problem);
    return misused;
  }
  try {
    return arguments.dumpFile.empty() ? check(arguments) : dump(arguments);
  } catch (const std::exception& problem) {
    fmt::print(stderr, "taut-checkzone: {}\n", problem.what());
    return bad;
  }
}
