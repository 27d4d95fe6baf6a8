// SPDX-License-Identifier: MIT
// A pprof profile as text, one field a line, so that a change of it can be read.
#pragma once

#include <string>

namespace memtrace::testing {

// `bytes`: the gzipped file. A line that begins with "!" says what is wrong, where something is.
std::string PprofAsText(const std::string& bytes);
// What a gzip file holds.
std::string Unzipped(const std::string& bytes);

}  // namespace memtrace::testing
