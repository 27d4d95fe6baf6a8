// SPDX-License-Identifier: MIT
// When the blocks that were never freed had been allocated: tells growth from what the start-up leaves
// behind.
//
//     quarters of the recording   |  1  |  2  |  3  |  4  |
//     a cache filled once         | 400 |   0 |   0 |   0 |   "all at 00:00.02"
//     a leak                      | 100 |  98 | 101 |  99 |   "still growing"
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>

#include "analyzer/model/trace.h"
#include "analyzer/reader/trace_reader.h"

namespace memtrace::report {

struct NotFreedTimes {
  std::uint64_t first_ns = ~0ULL;
  std::uint64_t last_ns = 0;
  std::array<std::uint64_t, 4> blocks_by_quarter{};

  void Add(std::uint64_t time_ns, std::uint64_t duration_ns);
  void Add(const NotFreedTimes& other);
  bool is_empty() const { return last_ns < first_ns; }

  // Blocks of every quarter of a recording long enough to say so are still there.
  bool is_growing(std::uint64_t duration_ns) const;
};

using NotFreedTimesByNode = std::unordered_map<model::NodeId, NotFreedTimes>;

// One pass over the events; memory is bounded by the live set.
NotFreedTimesByNode FindNotFreedTimes(reader::TraceReader& reader,
                                      const std::function<void(double)>& progress = {});

// "first 00:00.20, last 00:12.80, still growing", "all at 00:00.02"; empty for none.
std::string TimesText(const NotFreedTimes& times, std::uint64_t duration_ns);

}  // namespace memtrace::report
