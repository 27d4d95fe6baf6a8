// SPDX-License-Identifier: MIT
// When the blocks of each site came and went, in slices of time: enough to answer any question about a range
// of slices without the events, to the byte.
//
//     slice         0     1     2     3          rows of one site        birth  death  blocks
//     borders    0─────1─────2─────3─────4       ├── b1 ──┤                 0      1       1
//     blocks       b1├──┤                        b2 lives on                1      4       1
//                        b2├───────────────      (death = number of slices: never freed)
//
//     allocated in slices a … b-1     sum of rows with a <= birth < b
//     of these still live at border b               … and death >= b
//     live at border m                sum of rows with birth < m <= death
//
// A block that a failed realloc gave back counts as never gone, also at a border between the two.
// Borders are the ends of the intervals of a LiveCurve and their highest moments, so the highest live bytes
// of any range are at one of its borders.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "analyzer/aggregate/amount.h"
#include "analyzer/aggregate/block_visits.h"
#include "analyzer/aggregate/live_curve.h"
#include "analyzer/reader/trace_reader.h"

namespace memtrace::aggregate {

struct LifeSite {
  model::NodeId node = 0;
  model::ThreadId thread = 0;
};

struct LifeRow {
  std::uint32_t site = 0;
  std::uint32_t birth = 0;  // slice
  std::uint32_t death = 0;  // slice; number of slices: never freed
  Amount amount;
  Amount temporary;  // part of it
};

struct LifeTable {
  std::vector<LifeSite> sites;
  std::vector<CurvePoint> borders;  // one more than there are slices; the first is the empty begin
  std::vector<LifeRow> rows;        // by site, birth, death
  std::size_t slices() const { return borders.size() - 1; }
};

struct LifeTableOptions {
  std::size_t max_rows = 400'000;  // more rows than that: neighbouring slices are joined until they fit
  BlockChoice blocks = {};
};

// One pass. `curve` must be of the same blocks.
LifeTable BuildLifeTable(reader::TraceReader& reader, const LiveCurve& curve, const LifeTableOptions& options,
                         const std::function<void(double)>& progress = {});

}  // namespace memtrace::aggregate
