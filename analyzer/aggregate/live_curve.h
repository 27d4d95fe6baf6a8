// SPDX-License-Identifier: MIT
// Live bytes over time: equal intervals, each with its end and its exact highest moment.
//
//     live            ▄▟█▙▄       ●           ● highest moment of an interval: no event of it had more live
//       ●        ▄▟███████▙▄   ▟█████●        ┊ ends of intervals: equal parts of the recording, and marks
//     ●─┊──────●─┊──────────●──┊──────┊
//
// A moment lies behind a number of events, not at a time: a second pass that counts events stands at exactly
// the same place, even where many events share a tick.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "analyzer/aggregate/amount.h"
#include "analyzer/aggregate/block_visits.h"
#include "analyzer/reader/trace_reader.h"

namespace memtrace::aggregate {

struct CurvePoint {
  std::uint64_t events = 0;  // so many events have happened by then
  std::uint64_t time_ns = 0;
  Amount live;
  bool operator==(const CurvePoint&) const = default;
};

struct CurveInterval {
  CurvePoint highest;  // the first one that reaches it; the interval's begin if nothing in it has more
  CurvePoint end;
  bool ends_at_mark = false;
};

struct LiveCurve {
  std::vector<CurveInterval> intervals;  // never empty; the last ends behind the last event
  CurvePoint peak;                       // the highest of all
};

struct CurveOptions {
  std::size_t intervals = 200;
  std::size_t max_marks = 50;  // more marks than these end no interval
  BlockChoice blocks = {};
};

// One pass over the events; memory is bounded by the live set.
LiveCurve BuildLiveCurve(reader::TraceReader& reader, const CurveOptions& options,
                         const std::function<void(double)>& progress = {});

}  // namespace memtrace::aggregate
