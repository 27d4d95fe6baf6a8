// SPDX-License-Identifier: MIT
// Function names for rows and chains of calls: short enough to read, and safe to print.
#pragma once

#include <string>
#include <string_view>

#include "analyzer/symbolize/symbolizer.h"

namespace memtrace::report {

// "Index::add", "Cache.load", "?? in libpq.so.5.15": never empty. Without return type, parameters and
// "(anonymous namespace)::"; the template arguments of long names are folded: "KeepOrDrop<…>::Add".
std::string FunctionText(const symbolize::Frame& frame);

// Tells functions apart: Python's by file and first line, as names of older interpreters are not qualified;
// native ones by module. Not to be shown.
std::string FunctionIdentity(const symbolize::Frame& frame);

// "libpq.so.5.15", or "code outside of any file".
std::string ModuleText(const symbolize::Frame& frame);

// "a<b<c>>::operator<<d>" -> "a<…>::operator<…>". Rust's "<T as Trait>::f" stays: it is all there is to tell.
std::string FoldTemplateArguments(std::string_view name);

}  // namespace memtrace::report
