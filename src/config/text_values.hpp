// Addresses, names and paths as an operator writes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "origin.hpp"
#include "settings.hpp"
#include "taut/base/address.hpp"
#include "taut/dns/name.hpp"

namespace taut::config {

// The address that the text says, with this port where it says none. Nothing where it says none, or one that may be on
// each interface; then that is added to the mistakes.
std::optional<Address> addressOf(const Item& item, std::uint16_t port, Mistakes& mistakes);

// Whether the text is meant as an address, rather than as a name, right or wrong.
bool mayBeAddress(std::string_view text);

// The domain name that the text is; nothing, and a mistake more, where it is none.
std::optional<Name> nameOf(const std::string& text, const Origin& origin, Mistakes& mistakes);

// A path within a folder; an absolute one is as it is, and so are all without a folder.
std::string within(const std::string& folder, const std::string& path);

// A path leads from the folder of the file that names it.
std::string resolved(const std::string& path, const Origin& origin);

}  // namespace taut::config
