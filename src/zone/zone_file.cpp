#include "taut/zone/zone_file.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <iterator>
#include <mutex>
#include <new>
#include <thread>
#include <utility>

#include <fmt/format.h>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include "diagnostic_list.hpp"
#include "parallel.hpp"
#include "taut/dns/serial.hpp"
#include "taut/zone/master_file.hpp"
#include "taut/zone/zone_difference.hpp"

namespace taut {

namespace {

// Passes records on to a builder.
class BuilderHandler final : public MasterFileHandler {
 public:
  BuilderHandler(ZoneBuilder& builder, Class rrClass, const ZoneLoadOptions& options)
      : diagnostics(options.checks.maxDiagnostics), builder_(builder), rrClass_(rrClass), progress_(options.progress) {}

  bool onRecord(const MasterRecord& record) override {
    if (record.rrClass != rrClass_) {
      Diagnostic diagnostic;
      diagnostic.file = *record.file;
      diagnostic.line = record.line;
      diagnostic.message = fmt::format("{} {}: class {}, but the zone is of class {}", record.owner.toString(),
                                       toString(record.type), toString(record.rrClass), toString(rrClass_));
      return onDiagnostic(std::move(diagnostic));
    }
    place_.line = record.line;
    if (place_.file != *record.file) place_.file = *record.file;
    builder_.add(record.owner, record.type, record.ttl, record.rdata, place_);
    return ++unreported_ < reportEach_ || goesOn();
  }

  bool onDiagnostic(Diagnostic diagnostic) override {
    // A file with this many errors is no master file.
    errors_ += diagnostic.isError();
    diagnostics.add(std::move(diagnostic));
    return errors_ < maxErrors_;
  }

  void onFile(const std::string& path) override { files.push_back(FileStamp::of(path)); }

  bool onText() override { return goesOn(); }

  // Tells how far the load is; false where it is to stop.
  bool goesOn() {
    stopped = stopped || (progress_ && !progress_(std::exchange(unreported_, 0)));
    return !stopped;
  }

  detail::DiagnosticList diagnostics;
  std::vector<FileStamp> files;
  bool stopped = false;

 private:
  static constexpr std::size_t maxErrors_ = 1000;
  static constexpr std::size_t reportEach_ = 20'000;  // records: some milliseconds

  ZoneBuilder& builder_;
  Class rrClass_;
  const LoadProgress& progress_;
  RecordPlace place_;
  std::size_t unreported_ = 0;  // records
  std::size_t errors_ = 0;
};

MasterFileOptions scanOptions(const std::optional<Name>& origin, Class rrClass, const ZoneLoadOptions& options) {
  MasterFileOptions scanning;
  scanning.origin = origin;
  scanning.rrClass = rrClass;
  scanning.maxGenerated = options.maxGenerated;
  return scanning;
}

unsigned threadsOf(const ZoneLoadOptions& options) {
  return options.threads != 0 ? options.threads : std::max(1U, std::thread::hardware_concurrency());
}

// The heap holds the free memory in which zones were built. Until the next load nothing needs as much, so the system
// gets it back.
void trimHeap() {
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}

// Gives each error the name of a file, even an error about a zone without a record.
void nameFile(std::vector<Diagnostic>& diagnostics, const std::string& name) {
  for (Diagnostic& diagnostic : diagnostics)
    if (diagnostic.isError() && !diagnostic.file) diagnostic.file = std::make_shared<const std::string>(name);
}

template <class Scan>
ZoneLoad load(const std::string& name, const std::optional<Name>& origin, Class rrClass, const ZoneLoadOptions& options,
              Scan&& scan) {
  ZoneBuilder builder(origin, rrClass);
  BuilderHandler handler(builder, rrClass, options);
  const bool scanned = scan(handler) && !handler.diagnostics.failed() && handler.goesOn();
  ZoneLoad result;
  result.files = std::move(handler.files);
  result.diagnostics = handler.diagnostics.take();
  result.stopped = handler.stopped;
  if (!scanned || handler.stopped) return result;
  ZoneBuild built = builder.build(options.checks, threadsOf(options), [&handler] { return handler.goesOn(); });
  result.zone = std::move(built.zone);
  nameFile(built.diagnostics, name);
  result.stopped = handler.stopped;
  constexpr std::size_t large = 100'000;
  if (result.zone && result.zone->recordCount() > large) trimHeap();
  std::move(built.diagnostics.begin(), built.diagnostics.end(), std::back_inserter(result.diagnostics));
  return result;
}

}  // namespace

FileStamp FileStamp::of(std::string path) {
  FileStamp stamp;
  stamp.version = fileVersion(path);
  stamp.path = std::move(path);
  return stamp;
}

bool ZoneLoad::filesChanged() const {
  return std::any_of(files.begin(), files.end(), [](const FileStamp& file) { return !file.isCurrent(); });
}

std::string ZoneLoad::firstError() const {
  const auto error =
      std::find_if(diagnostics.begin(), diagnostics.end(), [](const Diagnostic& d) { return d.isError(); });
  return error == diagnostics.end() ? std::string() : error->toString();
}

namespace {

void makeWarnings(std::vector<Diagnostic>& diagnostics) {
  for (Diagnostic& diagnostic : diagnostics) diagnostic.severity = Diagnostic::Severity::warning;
}

void warn(const ZoneSource& source, std::string message, ZoneLoad& load) {
  Diagnostic& diagnostic = load.diagnostics.emplace_back();
  diagnostic.severity = Diagnostic::Severity::warning;
  if (!source.path.empty()) diagnostic.file = std::make_shared<const std::string>(source.path);
  diagnostic.message = std::move(message);
}

KeptZone restored(const ZoneSource& source, const ZoneLoadOptions& options, ZoneLoad& load) {
  if (!source.isKept || !options.restore) return {};
  KeptZone kept = options.restore(source);
  if (!kept.error.empty()) warn(source, fmt::format("what was kept of the zone cannot be read: {}", kept.error), load);
  load.zone = kept.zone;
  load.differences = std::move(kept.differences);
  return kept;
}

// What the load held is free again when its failure is put together. Such a load is tried again at the next reload,
// since it has no version of the file.
ZoneLoad loadFile(const ZoneSource& source, const ZoneLoadOptions& options) {
  const MasterFileOptions scanning = scanOptions(source.origin, source.rrClass, options);
  try {
    return load(source.path, source.origin, source.rrClass, options,
                [&](MasterFileHandler& handler) { return scanMasterFile(source.path, scanning, handler); });
  } catch (const std::bad_alloc&) {
    ZoneLoad failed;
    failed.files.emplace_back().path = source.path;
    failed.diagnostics.emplace_back().message = "there is not enough memory to load the zone";
    nameFile(failed.diagnostics, source.path);
    return failed;
  }
}

// A zone that comes from elsewhere. It passed the checks of a transfer, which ask for no addresses of name servers.
ZoneLoad loadSecondary(const ZoneSource& source, ZoneLoadOptions options) {
  ZoneLoad load;
  if (restored(source, options, load).zone) return load;
  options.checks.requireNsAddresses = false;
  if (!source.path.empty() && !FileStamp::of(source.path).isMissing()) {
    ZoneLoad file = loadFile(source, options);
    std::ranges::move(load.diagnostics, std::back_inserter(file.diagnostics));
    load = std::move(file);
  }
  if (load.ok() || load.stopped) return load;
  makeWarnings(load.diagnostics);
  load.zone = Zone::notLoaded(*source.origin, source.rrClass);
  return load;
}

// Reads up to the SOA of the zone, which is the first record as a rule.
class SerialHandler final : public MasterFileHandler {
 public:
  bool onRecord(const MasterRecord& record) override {
    if (record.type != Type::SOA || record.rdata.size() < leastSoaSize) return true;
    serial = serialOfSoa(record.rdata);
    return false;
  }
  bool onDiagnostic(Diagnostic) override { return true; }

  std::optional<Serial> serial;
};

std::optional<Serial> serialOfFile(const ZoneSource& source, const ZoneLoadOptions& options) {
  SerialHandler handler;
  scanMasterFile(source.path, scanOptions(source.origin, source.rrClass, options), handler);
  return handler.serial;
}

// A zone that takes updates: what they have made of it goes before the file, of which no more than the serial is read
// where it is not newer.
ZoneLoad loadUpdated(const ZoneSource& source, const ZoneLoadOptions& options) {
  ZoneLoad load;
  const KeptZone kept = restored(source, options, load);
  if (!kept.zone) {
    ZoneLoad file = loadFile(source, options);
    std::ranges::move(load.diagnostics, std::back_inserter(file.diagnostics));
    return file;
  }
  load.files = {FileStamp::of(source.path)};
  const std::optional<Serial> serial = serialOfFile(source, options);
  const Serial last(kept.zone->serial());
  if (!serial || isNewer(*serial, last)) {
    ZoneLoad file = loadFile(source, options);
    makeWarnings(file.diagnostics);
    std::ranges::move(file.diagnostics, std::back_inserter(load.diagnostics));
    load.files = std::move(file.files);
    load.stopped = file.stopped;
    load.newer = std::move(file.zone);
  } else if (*serial != last && load.files.front().version.changed > kept.changed) {
    warn(source,
         fmt::format("the file was changed, but its serial {} is not newer than {}, which updates have made: "
                     "it is not read",
                     serial->value(), last.value()),
         load);
  }
  return load;
}

}  // namespace

ZoneLoad loadZone(const ZoneSource& source, const ZoneLoadOptions& options) {
  if (source.isSecondary) return loadSecondary(source, options);
  if (source.takesUpdates) return loadUpdated(source, options);
  return loadFile(source, options);
}

ZoneLoad parseZone(std::string_view text, std::optional<Name> origin, const ZoneLoadOptions& options,
                   std::string name) {
  MasterFileOptions scanning = scanOptions(origin, Class::IN, options);
  scanning.allowInclude = false;
  return load(name, origin, Class::IN, options,
              [&](MasterFileHandler& handler) { return scanMasterText(text, name, scanning, handler); });
}

void loadZones(std::span<const ZoneSource> sources, const ZoneLoadOptions& options,
               const std::function<void(std::size_t index, ZoneLoad load)>& loaded) {
  ZoneLoadOptions perZone = options;
  if (sources.size() > 1) perZone.threads = 1;
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::exception_ptr failure;
  const auto work = [&] {
    try {
      for (std::size_t i = next++; i < sources.size(); i = next++) {
        ZoneLoad load = loadZone(sources[i], perZone);
        const std::lock_guard lock(mutex);
        if (load.stopped)
          next = sources.size();
        else
          loaded(i, std::move(load));
      }
    } catch (...) {
      const std::lock_guard lock(mutex);
      failure = std::current_exception();
      next = sources.size();
    }
  };
  std::vector<std::thread> threads;
  threads.reserve(threadsOf(options));
  for (std::size_t i = 1; i < std::min<std::size_t>(threadsOf(options), sources.size()); ++i)
    if (!detail::startThread(threads, work)) break;
  work();
  for (std::thread& thread : threads) thread.join();
  if (failure) std::rethrow_exception(failure);
  constexpr std::size_t many = 1000;
  if (sources.size() > many) trimHeap();
}

}  // namespace taut
