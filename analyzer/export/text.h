// SPDX-License-Identifier: MIT
// Pieces of text that several formats write.
#pragma once

#include <string>
#include <string_view>

#include "analyzer/model/trace.h"
#include "analyzer/symbolize/symbolizer.h"

namespace memtrace::exporting {

// A JSON string with its quotes. Bytes that are no UTF-8 become U+FFFD; "<" is escaped, so that the text may
// stand inside of an HTML script.
std::string Quoted(std::string_view text);

// "0x4011E6: main (main.cc:12)", or "... (in /usr/lib/libpq.so.5)": valgrind's way to write a frame.
std::string ValgrindFrame(const symbolize::Frame& frame);

// The command line in one line, words apart by blanks.
std::string CommandText(const model::TraceInfo& info);

// "memtrace 0.1.0".
std::string ToolText();

}  // namespace memtrace::exporting
