// The grammars of the other servers' configurations. Each function reads a text, follows its includes, and throws
// SyntaxError where the text is not what the grammar wants. A file that cannot be included leaves its statement, with
// the reason as remark.
#pragma once

#include "sources.hpp"
#include "statement.hpp"

namespace taut::importer {

// named.conf: `keyword value { … };`
Statements readBraces(Sources& sources, const Sources::Text& text);

// knot.conf: sections, each with items or with a list of blocks that begin with `- `. The first item of a block is the
// block's statement, and the others are its children.
Statements readKnot(Sources& sources, const Sources::Text& text);

// nsd.conf and unbound.conf: `keyword: value`, and sections, which are keywords without a value.
Statements readClauses(Sources& sources, const Sources::Text& text);

// A Corefile: server blocks with a directive on each line. The words of a block are its addresses; snippets stand where
// they are imported.
Statements readCorefile(Sources& sources, const Sources::Text& text);

}  // namespace taut::importer
