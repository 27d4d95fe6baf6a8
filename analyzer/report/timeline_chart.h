// SPDX-License-Identifier: MIT
// Memory over time as a picture of characters.
//
//     240 MiB ┤                  ╭──────────         ─ process memory
//             │            ╭─────╯    ▂▅█▅           █ live bytes: the highest moment of each column
//     120 MiB ┤        ╭───╯      ▃▆█████
//             │     ╭──╯      ▂▅█████████
//           0 ┼─────┬─────┬─────┬─────┬───
//             0    1 s   2 s   3 s   4 s
//             A               B        ▲             marks; the peak
//             ▁▂▃▃▃▃▄▄▅▅▅▅▅▆▆▆▆▇▇████▁▁▁             allocations a second
//
// With `ascii` as ms_print draws: ":" live bytes, "@" at a mark, "#" at the peak, "." process memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/util/paint.h"

namespace memtrace::report {

// Everything is given by column.
struct ChartData {
  std::uint64_t from_ns = 0;  // of the first column's left edge
  std::uint64_t to_ns = 1;    // of the last column's right edge; later than `from_ns`
  std::vector<std::uint64_t> live_bytes;
  std::vector<std::uint64_t> process_bytes;  // format::kUnknown where there is none
  std::vector<std::uint64_t> allocations;
  std::uint64_t peak_time_ns = 0;
  std::vector<std::uint64_t> mark_times_ns;  // within the range, by time
};

struct ChartOptions {
  std::size_t rows = 16;  // of the area; rounded up to a multiple of 4
  bool ascii = false;
  Paint paint{false};
};

// What the picture could not show, for its legend.
struct Chart {
  std::string text;                // lines that end with "\n"
  bool shows_process = false;      // process memory is in the picture, or at least a part of it
  std::vector<char> mark_letters;  // by mark: "A" to "Z", "a" to "z"; '+' where there are no more letters
};

// Columns that the axis on the left takes.
inline constexpr std::size_t kChartAxisColumns = 12;

Chart DrawChart(const ChartData& data, const ChartOptions& options);

}  // namespace memtrace::report
