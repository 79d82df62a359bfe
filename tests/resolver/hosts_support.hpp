// What the tests of hosts files share.
#pragma once

#include <string>

#include <fmt/format.h>

#include "taut/dns/rdata.hpp"
#include "taut/dns/rdata_text.hpp"
#include "taut/dns/rrset.hpp"

namespace taut::test {

inline std::string textOf(const RRset& rrset) {
  std::string text;
  for (const auto rdata : rrset) {
    fmt::memory_buffer printed;
    printRdata(rrset.type, rdata, printed);
    text += (text.empty() ? "" : " ") + fmt::to_string(printed);
  }
  return text;
}

}  // namespace taut::test
