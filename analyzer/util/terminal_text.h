// SPDX-License-Identifier: MIT
// Text that came out of a trace, made fit for a terminal: no control characters, a known width, shortened in
// place.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace memtrace {

// Names, paths and source lines are written by whoever wrote the traced program: a control character among
// them could move the cursor or rename the window. Tabs become spaces; C0 and C1 controls, DEL, invisible
// direction marks and bytes that are no UTF-8 become U+FFFD.
std::string Printable(std::string_view untrusted);

// Columns on a terminal, one a code point: exact but for combining and double-width characters.
std::size_t DisplayWidth(std::string_view utf8);

// Shortened to `width` columns with "…" in the middle, which keeps the start and the end of a path visible.
std::string EllipsizeMiddle(std::string_view utf8, std::size_t width);

// Shortened to `width` columns with "…" at the end.
std::string EllipsizeEnd(std::string_view utf8, std::size_t width);

// In lines of at most `width` columns (0: 100), broken at blanks, each begun by `indent` blanks and ended by
// "\n".
std::string Wrapped(std::string_view utf8, std::size_t width, std::size_t indent);

// Without blanks at either end.
std::string_view Trimmed(std::string_view text);

}  // namespace memtrace
