// SPDX-License-Identifier: MIT
// fnmatch at each folder of the path.
#include "analyzer/util/path_match.h"

#include <fnmatch.h>

namespace memtrace {

bool MatchesPathEnd(const std::string& glob, const std::string& path) {
  for (std::size_t from = 0; from != std::string::npos;) {
    if (fnmatch(glob.c_str(), path.c_str() + from, 0) == 0) return true;
    const std::size_t slash = path.find('/', from);
    from = slash == std::string::npos ? slash : slash + 1;
  }
  return false;
}

}  // namespace memtrace
