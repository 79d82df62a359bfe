// Reads master files: RFC 1035 section 5, with $TTL (RFC 2308 section 4), TTLs in units ("1w2d3h"), BIND's $GENERATE,
// and generic types, classes and RDATA (RFC 3597 section 5).
//
// The scanner knows nothing of zones: it turns text into records and hands each over as soon as it is read. After an
// entry that is wrong it goes on, so that one run reports many mistakes. What it decides where the RFCs are silent:
//
// - A quoted string may span lines. A quote inside a word ends the word, except after "=" in SVCB and HTTPS parameters.
// - A record without TTL takes the default of $TTL, else the TTL of the record before it, else, for the SOA, its
//   MINIMUM, which is the default from then on.
// - TTLs above 2^31 - 1 count as zero (RFC 2181 section 8), with a warning.
// - Without an origin from the caller and before $ORIGIN, the first owner must be absolute and becomes the origin.
// - $INCLUDE is relative to the folder of the file that includes. The end of the included file restores the origin and
//   the last owner, but not the default TTL.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "taut/base/bytes.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/type.hpp"
#include "taut/zone/diagnostic.hpp"

namespace taut {

// A record as read. Its members are valid only while it is handed over.
struct MasterRecord {
  NameView owner;
  Type type{};
  Class rrClass = Class::IN;
  std::uint32_t ttl = 0;
  ByteSpan rdata;  // wire form, names uncompressed
  const std::shared_ptr<const std::string>* file = nullptr;
  std::uint32_t line = 0;  // of the record's first word
};

class MasterFileHandler {
 public:
  virtual ~MasterFileHandler() = default;

  // False stops the scan.
  virtual bool onRecord(const MasterRecord& record) = 0;
  virtual bool onDiagnostic(Diagnostic diagnostic) = 0;

  // A file is about to be read, the first one or one that $INCLUDE names.
  virtual void onFile(const std::string& path) { static_cast<void>(path); }

  // More of a file is about to be read, some hundred kilobytes at a time. False stops the scan: text without records
  // may be long.
  virtual bool onText() { return true; }
};

struct MasterFileOptions {
  std::optional<Name> origin;
  Class rrClass = Class::IN;  // of records that name no class
  std::optional<std::uint32_t> ttl;
  bool allowInclude = true;
  std::size_t maxIncludeDepth = 16;
  std::uint64_t maxGenerated = 100'000'000;  // records that all $GENERATE of a run may make
};

// Both return whether the scan came to the end without an error.
bool scanMasterFile(const std::string& path, const MasterFileOptions& options, MasterFileHandler& handler);
bool scanMasterText(std::string_view text, const std::string& name, const MasterFileOptions& options,
                    MasterFileHandler& handler);

}  // namespace taut
