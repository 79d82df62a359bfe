// A type and octets: RDATA that fits its layout is printed, read back as a record of a master file, and is the same.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "fuzz/fuzz.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/dns/rdata_text.hpp"
#include "taut/zone/master_file.hpp"

namespace rdata_fuzz {

namespace {

using namespace taut;
using fuzz::require;

class Collector final : public MasterFileHandler {
 public:
  bool onRecord(const MasterRecord& record) override {
    ++records;
    type = record.type;
    rdata.assign(record.rdata.begin(), record.rdata.end());
    return true;
  }
  bool onDiagnostic(Diagnostic diagnostic) override {
    message = diagnostic.toString();
    return true;
  }

  std::size_t records = 0;
  Type type{};
  std::vector<std::uint8_t> rdata;
  std::string message;
};

}  // namespace

TAUT_FUZZ_TARGET(rdata) {
  fuzz::Input input(data, std::min<std::size_t>(size, 4096));
  const auto type = static_cast<Type>(input.u16());
  const ByteSpan rdata = input.rest();
  if (type == Type{} || isMetaType(type) || !validRdata(type, rdata)) return 0;

  fmt::memory_buffer text;
  fmt::format_to(fmt::appender(text), "owner.example. 300 IN {} ", type);
  printRdata(type, rdata, text);
  text.push_back('\n');

  Collector found;
  const bool good = scanMasterText({text.data(), text.size()}, "printed", {}, found);
  if (!good) std::fprintf(stderr, "%s\n%.*s", found.message.c_str(), static_cast<int>(text.size()), text.data());
  require(good && found.records == 1, "printed RDATA is readable");
  require(found.type == type && std::ranges::equal(found.rdata, rdata), "printed RDATA reads as the same octets");
  return 0;
}

}  // namespace rdata_fuzz
