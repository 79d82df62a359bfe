// Errors that the layout of a type does not find: a digest whose length is not that of its algorithm, or a key where
// the algorithm says that there is none.
#pragma once

#include <cstddef>

#include "taut/base/bytes.hpp"
#include "taut/dns/type.hpp"

namespace taut {

struct SemanticError {
  const char* problem = nullptr;  // null: nothing is wrong
  std::size_t field = 0;          // index of the field at fault

  explicit operator bool() const { return problem != nullptr; }
};

// `rdata` fits the layout of `type`.
SemanticError checkSemantics(Type type, ByteSpan rdata);

}  // namespace taut
