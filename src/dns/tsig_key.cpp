#include "taut/dns/tsig_key.hpp"

#include <algorithm>
#include <compare>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "rdata/encoding.hpp"
#include "tsig_mac.hpp"

namespace taut {

namespace {

struct Properties {
  Name name;
  std::size_t macSize;
};

const Properties& propertiesOf(TsigAlgorithm algorithm) {
  static const std::array<Properties, tsigAlgorithmNames.size()> properties{
      {{Name(tsigAlgorithmNames[0]), 20},
       {Name(tsigAlgorithmNames[1]), 28},
       {Name(tsigAlgorithmNames[2]), 32},
       {Name(tsigAlgorithmNames[3]), 48},
       {Name(tsigAlgorithmNames[4]), maxTsigMacSize}}};
  return properties[static_cast<std::size_t>(algorithm)];
}

bool isBefore(const TsigKey& key, NameView name, TsigAlgorithm algorithm) {
  const std::weak_ordering order = key.name.view() <=> name;
  return order < 0 || (order == 0 && key.algorithm < algorithm);
}

}  // namespace

NameView nameOf(TsigAlgorithm algorithm) {
  return propertiesOf(algorithm).name;
}

std::size_t macSizeOf(TsigAlgorithm algorithm) {
  return propertiesOf(algorithm).macSize;
}

std::optional<TsigAlgorithm> tsigAlgorithmOf(NameView name) {
  for (std::size_t i = 0; i < tsigAlgorithmNames.size(); ++i)
    if (const auto algorithm = static_cast<TsigAlgorithm>(i); nameOf(algorithm) == name) return algorithm;
  return std::nullopt;
}

std::optional<std::vector<std::uint8_t>> parseTsigSecret(std::string_view text) {
  std::vector<std::uint8_t> secret(text.size());
  ByteWriter writer{MutableByteSpan(secret)};
  Base64Decoder decoder;
  if (!decoder.feed(text, writer) || !decoder.finish() || !writer.ok() || writer.size() == 0) return std::nullopt;
  secret.resize(writer.size());
  return secret;
}

// A MAC is begun with each key, so that an algorithm that libcrypto refuses is found out now.
KeyRing::KeyRing(std::vector<TsigKey> keys) : keys_(std::move(keys)) {
  std::ranges::sort(keys_, [](const TsigKey& a, const TsigKey& b) { return isBefore(a, b.name, b.algorithm); });
  const TsigKey* before = nullptr;
  for (const TsigKey& key : keys_) {
    if (key.secret.empty()) throw std::invalid_argument(fmt::format("TSIG key {}: no secret", key.name));
    if (before && before->name == key.name && before->algorithm == key.algorithm)
      throw std::invalid_argument(fmt::format("TSIG key {}: twice with the same algorithm", key.name));
    detail::TsigMac begun(key);
    before = &key;
  }
}

const TsigKey* KeyRing::find(NameView name, TsigAlgorithm algorithm) const {
  const auto found = std::partition_point(keys_.begin(), keys_.end(),
                                          [&](const TsigKey& key) { return isBefore(key, name, algorithm); });
  const bool isIt = found != keys_.end() && found->name == name && found->algorithm == algorithm;
  return isIt ? &*found : nullptr;
}

}  // namespace taut
