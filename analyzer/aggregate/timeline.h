// SPDX-License-Identifier: MIT
// Live memory over time: equal slices of a range, each with its exact maximum, in one pass and bounded
// memory.
//
//     live bytes        ▄█▄                      highest_bytes of slice 2: the most at any moment of it
//                     ▄█████▄    ▄▄
//                 ▄▄█████████████████▄           live of slice 2: what is left at its end
//     ──┬───────┬───────┬───────┬───────┬──► time
//       slice 0   1       2       3              allocated: what came within the slice
//
// The range is the recording as its file tells it. Events behind its end (of a process that still runs, of a
// damaged file) do not get lost: neighbouring slices are joined into slices of twice the length until the
// event fits. So there are never more slices than were asked for, and none has less than was measured.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "analyzer/aggregate/profile.h"
#include "analyzer/reader/trace_reader.h"

namespace memtrace::aggregate {

struct TimelineSlice {
  std::uint64_t highest_bytes = 0;    // live at any moment of the slice, its start included
  std::uint64_t highest_time_ns = 0;  // when that was first reached
  Amount live;                        // at its end
  Amount allocated;                   // within
  std::uint64_t frees = 0;            // within
};

struct Timeline {
  Domain domain = Domain::kHeap;
  std::uint64_t from_ns = 0;  // slice i covers the times [from + i * slice, from + (i + 1) * slice)
  std::uint64_t slice_ns = 1;
  std::uint64_t to_ns = 0;            // end of what was asked for; lies in the last slice
  std::vector<TimelineSlice> slices;  // at least one
  std::uint64_t peak_bytes = 0;       // within the range
  std::uint64_t peak_time_ns = 0;
  Amount allocated;
  std::uint64_t frees = 0;
  std::vector<MarkAmounts> marks;  // those within the range, by time

  // Start of slice i, which is the end of slice i - 1; the last time there is where that would not fit.
  std::uint64_t StartOf(std::size_t slice) const;
};

struct TimelineRequest {
  // Which blocks count, of which domain; split_by_size means nothing here. A range does not choose blocks but
  // the time that is shown, both ends included: what was there before it began counts as well. Without one
  // it is the whole recording. `moment` is not looked at.
  Query query = {};
  std::size_t max_slices = 1000;  // 1 or more; there are fewer where the range is shorter than that in ns
};

// One pass, and one more for what Query says costs one. `progress` as in TraceReader::ForEachEvent.
Timeline BuildTimeline(reader::TraceReader& reader, const TimelineRequest& request,
                       const std::function<void(double)>& progress = {});

}  // namespace memtrace::aggregate
