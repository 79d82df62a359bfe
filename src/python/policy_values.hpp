// What goes between a script and the shard of its query: plain values, which any thread may make and destroy.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "taut/dns/answer.hpp"
#include "taut/dns/edns.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/query.hpp"
#include "taut/dns/type.hpp"

namespace taut {

// taut.Query. Text, as scripts compare it: in lower case, and the name with its final dot.
struct PolicyQuestion {
  explicit PolicyQuestion(const Query& query);

  std::string name;
  std::string type;
  std::string client;
};

// taut.Answer.
class PolicyAnswer {
 public:
  // Throws std::invalid_argument where the text is none of its registry.
  explicit PolicyAnswer(std::string_view rcode);

  // Adds a record, with RDATA as in a master file. Throws std::invalid_argument that says what is wrong.
  void add(std::string_view owner, std::int64_t ttl, std::string_view type, std::string_view rdata,
           std::string_view section);
  void setExtendedError(std::uint16_t code, std::string text);

  // On the shard's thread.
  Answer toAnswer() const;

  std::string rcode() const { return toString(rcode_); }

  bool authoritative = false;

 private:
  struct Record {
    Section section;
    Name owner;
    Type type;
    std::uint32_t ttl;
    std::vector<std::uint8_t> rdata;
  };

  Rcode rcode_;
  std::vector<Record> records_;
  std::optional<ExtendedErrorCode> extendedError_;
  std::string extendedErrorText_;
};

// What a script awaits.
struct PolicySleep {
  std::chrono::microseconds duration;
};
struct PolicyLookup {
  Name name;
  Type type;
};
using PolicyWait = std::variant<PolicySleep, PolicyLookup>;

// What it gets: of a lookup the RDATA as text, or why there are none.
struct LookupFailure {
  std::string reason;
};
using PolicyReply = std::variant<std::monostate, std::vector<std::string>, LookupFailure>;

// Throw std::invalid_argument.
PolicyWait sleepOf(double seconds);
PolicyWait lookupOf(std::string_view name, std::string_view type);

}  // namespace taut
