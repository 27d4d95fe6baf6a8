// SPDX-License-Identifier: MIT
// How the memory of a place that did not free everything came about: tells a leak from a cache that has
// filled and from what the start-up leaves behind.
//
//     live bytes at the end of each of 20 equal slices of the recording, and their floor: what is never
//     gone below again
//
//        leak          ▁▂▂▃▃▄▄▅▅▆▆▇▇█   floor rises to the end       still growing
//        cache         ▂▄▆█▇█▆█▇██▇█▇   floor stands since slice 3   flat since ...
//        start-up      ██████████████   one allocation or moment     one-off
//
// With F the floor at the end, and q2, q3 the floors at half and three quarters of the time:
//   one-off   everything that is left was allocated within one slice, and there was nothing before it (a
//   block
//             that is reallocated ever larger is new, too)
//   growing   the recording lasted a second; q3 - q2 and F - q3 are both at least F/16 (an even growth gives
//   F/4);
//             and the floor rises in 4 of the last 10 slices with at least 8 blocks left, or in 7 of them
//   flat      the recording lasted a second, and F - q2 is less than F/16
//   unclear   anything else
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <unordered_map>

#include "analyzer/aggregate/profile.h"
#include "analyzer/model/trace.h"
#include "analyzer/reader/trace_reader.h"

namespace memtrace::aggregate {

inline constexpr std::size_t kGrowthSlices = 20;

struct SiteCurve {
  // Of the blocks that are left at the end.
  std::uint64_t first_ns = ~0ULL;  // allocated
  std::uint64_t last_ns = 0;
  std::uint64_t blocks_left = 0;
  // Of all blocks: bytes allocated less bytes freed in each slice. Wraps, as Amount does.
  std::array<std::uint64_t, kGrowthSlices> change{};

  void Add(const SiteCurve& other);
  bool is_empty() const { return blocks_left == 0; }
  // At the end of each slice.
  std::array<std::uint64_t, kGrowthSlices> LiveBytes() const;
};

using CurvesByNode = std::unordered_map<model::NodeId, SiteCurve>;

// One pass over the events: the curves of the profile's stacks that have something left at the end, of the
// blocks that its query selects; of the heap only. Memory is bounded by the live set and these stacks.
CurvesByNode BuildCurves(reader::TraceReader& reader, const Profile& profile,
                         const std::function<void(double)>& progress = {});

enum class Growth { kUnclear, kOneOff, kFlat, kGrowing };

struct GrowthVerdict {
  Growth growth = Growth::kUnclear;
  std::uint64_t flat_since_ns = 0;  // with kFlat: the end of the slice in which the floor was reached
  double bytes_per_second = 0;      // with kGrowing: of the floor, over the second half
};

// See the top of this file.
GrowthVerdict JudgeGrowth(const SiteCurve& curve, std::uint64_t duration_ns);

}  // namespace memtrace::aggregate
