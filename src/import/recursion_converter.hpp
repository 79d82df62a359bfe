// What the converters of servers that find answers themselves share: they set the keys of [recursion].
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "converter.hpp"
#include "taut/dns/name.hpp"

namespace taut::importer {

class RecursionConverter : protected Converter {
 protected:
  // A statement that is yes or no, and its key.
  struct Flag {
    std::string_view keyword, key;
    bool preset = true;      // of the key
    bool isInverse = false;  // yes is false
  };

  static constexpr std::string_view asksWithoutTls = "other servers are asked without TLS, so none is here";

  using Converter::Converter;

  // Notes what counts only where names are resolved, and there only where what is found is validated.
  void needsRecursion(const Statement& statement) { TautFile::noteOn(file_.recursion.notes, statement); }
  void needsValidation(const Statement& statement);

  // Each sets a key by the statement's value, or notes the statement.
  void setFlag(const Flag& key, const Statement& statement);
  void setFlag(const Flag& key, bool value);
  void setRecursionCount(std::optional<std::int64_t>& key, const Statement& statement,
                         std::optional<std::int64_t> value, const Range& range);
  void setTtl(std::optional<std::int64_t>& key, const Statement& statement, const Range& range);
  void setCacheSize(const Statement& statement, std::int64_t octets);
  void setRootHints(const Statement& statement, std::string_view file);
  void setDns64(const Statement& statement, std::string_view prefix);
  void addOutgoing(const Statement& statement, std::string_view address);
  void addTrustAnchorFile(const Statement& statement, std::string file);
  void addNegativeTrustAnchor(const Statement& statement, std::string_view name);
  // A record that stands in the configuration itself: of a zone, DS or DNSKEY, with its numbers, and the key or digest.
  void addTrustAnchor(const Statement& statement, std::string_view zone, std::string_view numbers, std::string data);
  void addFixedZone(const Statement& statement, std::string_view name, bool isStub, std::vector<std::string> servers,
                    Notes notes);
  bool hasFixedZone(std::string_view name) const;
  // A response policy zone, which is one of the zones of the taut.toml.
  void addPolicy(const Statement& statement, std::string_view name);

  // Writes a [recursion] where names are resolved, unless all of them are forwarded and nothing else is done with them.
  void finishRecursion(bool resolves);

  bool hasRootAnchor_ = false;  // one that taut has by itself

 private:
  void finishValidation();
  void finishPolicies();

  std::map<Name, const Statement*> fixedZones_;
  std::map<Name, const Statement*> policies_;
  std::vector<const Statement*> validation_;
  const Statement* minTtl_ = nullptr;
};

}  // namespace taut::importer
