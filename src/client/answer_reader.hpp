// Reads what an answer says of a lookup's question: its records, the aliases on the way to them, or why there are none.
#pragma once

#include "taut/client/lookup.hpp"
#include "taut/dns/answer.hpp"

namespace taut {

// True where the answer ends at an alias whose target it says nothing about: then `found.name`, the target, is to be
// asked for. Each time there is at least one more alias, so that `maxLookupAliases` bounds the questions too.
bool readAnswer(const Answer& answer, Lookup<LookupRecord>& found);

}  // namespace taut
