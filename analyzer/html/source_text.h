// SPDX-License-Identifier: MIT
// The source text that goes into a page, which may be sent to anyone: who made the trace must not be able to
// choose which files of this machine are in it.
//
//     a frame's file was named by               its text comes from
//     debug information of a recorded module    that file, on this machine
//     a Python code object                      that file, on this machine, if it is a Python source
//     the trace itself (memtrace pack)          the trace itself, or nowhere
//     a perf map, code outside of any module    nowhere
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "analyzer/html/page_data.h"
#include "analyzer/symbolize/symbolizer.h"

namespace memtrace::html {

// By file, as exporting::FileOf shows it, and line. Printable.
using SourceTexts = std::map<std::string, std::map<std::uint32_t, std::string>>;

// Of the lines that `frames` name, or of the whole of their files, as the request says.
SourceTexts SourceTextsOf(const PageRequest& request, const std::vector<const symbolize::Frame*>& frames);

}  // namespace memtrace::html
