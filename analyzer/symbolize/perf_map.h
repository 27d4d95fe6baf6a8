// SPDX-License-Identifier: MIT
// Names of code made at run time, from the map that JITs (node --perf-basic-prof, Java agents, …) write for
// perf.
//
//   /tmp/perf-4131.map:   7f5a3c001000 1c0 LazyCompile:*parse /srv/app.js:12
//                         begin        size, both hexadecimal, then the name to the end of the line
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/model/trace.h"
#include "analyzer/symbolize/address_map.h"

namespace memtrace::symbolize {

// Where the code of a function was given to another one later, the later one counts.
class PerfMap {
 public:
  static constexpr std::uint64_t kMaxFileBytes = 256ULL << 20;

  // Where the recorded process's map is, if it can be its own: recorded on this host, and not older than the
  // recording, since process ids come again. Empty otherwise.
  static std::string PathFor(const model::TraceInfo& info);

  PerfMap() = default;  // empty
  explicit PerfMap(
      const std::string& path);  // empty if there is no such file; lines not understood are skipped

  const std::string* Find(std::uint64_t pc) const;  // nullptr: no code there

 private:
  std::vector<std::string> names_;
  AddressMap map_;
};

}  // namespace memtrace::symbolize
