// SPDX-License-Identifier: MIT
// Paths as a person names them: by their last parts, with * and ?.
#pragma once

#include <string>

namespace memtrace {

// Whether the shell pattern `glob` is the whole path or its end from some folder on: "posting.cpp" and
// "src/*.cpp" both match "/home/me/src/posting.cpp", "sting.cpp" does not. * goes across slashes.
bool MatchesPathEnd(const std::string& glob, const std::string& path);

}  // namespace memtrace
