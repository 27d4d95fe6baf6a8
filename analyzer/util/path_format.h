// SPDX-License-Identifier: MIT
// Source paths as a person recognises them: relative to the current folder, else their last components.
#pragma once

#include <string>
#include <string_view>

namespace memtrace {

// Resolves "." and ".." by text alone, as a compiler's "../src/a.cc" needs: "/b/build/../src/a.cc" ->
// "/b/src/a.cc".
std::string NormalizedPath(std::string_view path);

// Below `working_directory` (absolute, may be empty): relative to it. Else the last three components.
std::string ShortPath(std::string_view path, std::string_view working_directory);

}  // namespace memtrace
