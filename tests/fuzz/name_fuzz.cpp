// Any octets, read as a compressed name and as the text of one: what is accepted survives printing and reading again.
#include <algorithm>

#include "fuzz/fuzz.hpp"
#include "taut/dns/address_name.hpp"

namespace name_fuzz {

namespace {

using namespace taut;
using fuzz::require;

void checkName(const Name& name) {
  require(name.size() >= 1 && name.size() <= maxNameSize, "a name has 1 to 255 octets");
  const auto again = NameView::fromWire(name.wire());
  require(again && again->size() == name.size(), "a name's octets are a valid name");

  const std::size_t labels = name.labelCount();
  require(labels <= maxLabelCount, "a name has at most 127 labels");
  require(name.suffix(labels) == name.view() && name.suffix(0).isRoot(), "suffixes count labels from the root");
  for (std::size_t count = 0; count <= labels; ++count)
    require(name.isWithin(name.suffix(count)), "a name lies within each of its suffixes");

  const Name lower = name.toLower();
  require(lower == name && lower.hash() == name.hash(), "case is not significant");
  require((name <=> lower) == 0, "names that differ by case only are one in the canonical order");

  const auto parsed = Name::parse(name.toString());
  require(parsed.has_value(), "a printed name is readable");
  require(std::ranges::equal(parsed->wire(), name.wire()), "a printed name reads as the same octets");
}

void checkAddress(const Name& name) {
  if (const auto address = addressOfReverseName(name))
    require(reverseName(*address) == name, "the reverse name of an address is the one that it was read from");
  if (name.isRoot()) return;
  if (const auto address = addressOfLabel(name.firstLabel()))
    require(addressOfLabel(addressLabel(*address)) == address, "the label of an address reads as the address");
}

void checkOrder(const Name& left, const Name& right) {
  const auto order = left <=> right;
  require((order == 0) == (left == right), "order and equality agree");
  require((order < 0) == ((right <=> left) > 0), "the order is antisymmetric");
}

}  // namespace

TAUT_FUZZ_TARGET(name) {
  const ByteSpan octets(data, std::min<std::size_t>(size, 1024));
  Name previous;
  for (std::size_t position = 0; position < octets.size(); ++position) {
    ByteReader reader(octets, position);
    const auto name = Name::read(octets, reader);
    if (!name) continue;
    require(reader.ok() && reader.position() > position, "a name that was read moves the reader on");
    checkName(*name);
    checkAddress(*name);
    checkOrder(previous, *name);
    previous = *name;
  }
  if (const auto name = Name::parse(asText(octets), previous)) {
    checkName(*name);
    checkAddress(*name);
  }
  return 0;
}

}  // namespace name_fuzz
