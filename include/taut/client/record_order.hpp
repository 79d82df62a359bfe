// The order in which a program tries what a name has several of.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "taut/dns/rdata/pointer.hpp"
#include "taut/dns/rdata/service.hpp"

namespace taut {

// A number from 0 to `most`, each as likely as the others.
using RandomSource = std::function<std::uint32_t(std::uint32_t most)>;

// From the kernel's generator.
std::uint32_t randomUpTo(std::uint32_t most);

// By preference, the smallest first; those of one preference in random order (RFC 5321 section 5.1).
void orderRecords(std::vector<rdata::MX>& exchanges, const RandomSource& random);

// By priority, the smallest first; within a priority drawn by weight (RFC 2782).
void orderRecords(std::vector<rdata::SRV>& services, const RandomSource& random);

// By order and then by preference (RFC 3403 section 4.1).
void orderRecords(std::vector<rdata::NAPTR>& rules, const RandomSource& random);

// Other types stay in the order of the reply.
template <class Rdata>
void orderRecords(std::vector<Rdata>&, const RandomSource&) {}

}  // namespace taut
