// SPDX-License-Identifier: MIT
// Text inside of HTML, SVG and XML.
#pragma once

#include <string>
#include <string_view>

namespace memtrace {

// The text so that it stands for itself between tags and inside of a quoted attribute: & < > " as entities.
// Names out of a trace go through Printable() first, as XML forbids most control characters.
std::string EscapedForMarkup(std::string_view text);

}  // namespace memtrace
