// Which serial the SOA of a zone gets where a server makes a version of it: of records that a dynamic update has
// changed (RFC 2136 section 3.6), or of a master file whose records have changed while its serial has not gone forward.
#pragma once

#include <chrono>
#include <cstdint>

#include "taut/dns/serial.hpp"

namespace taut {

enum class SerialPolicy : std::uint8_t {
  keep,       // what a master file says stays; other changes count up
  increment,  // the number after the one before
  unixtime,   // seconds since 1970
  date,       // YYYYMMDD00, by UTC
};

// The serial after `last`, newer than it (RFC 1982) and never 0: that of the policy at the time, or where that is not
// newer the number after `last`. So many versions a second with `unixtime`, or more than a hundred a day with `date`,
// run ahead of the time, which takes the serial over when it has caught up.
Serial nextSerial(SerialPolicy policy, Serial last, std::chrono::sys_seconds now);

}  // namespace taut
