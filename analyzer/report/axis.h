// SPDX-License-Identifier: MIT
// Round numbers for the axes of pictures of memory over time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace memtrace::report {

// The smallest round number of bytes that is at least `bytes`: 1 to 800 of a unit (of those that --si and
// --bytes choose), such as 60 MiB for 59.5 MiB. At least 1.
std::uint64_t RoundSizeAbove(std::uint64_t bytes);

// "1200 MiB", "0": a multiple of a round step, in the unit of that step, so that an axis has one unit.
std::string AxisSize(std::uint64_t bytes, std::uint64_t step_bytes);

// The times of [from, to] at which a label may stand: multiples of 1, 2 or 5 times a power of ten, of minutes
// and hours in long recordings; `at_most` of them, 1 or more.
struct TimeLabels {
  std::vector<std::uint64_t> times_ns;
  std::vector<std::string> texts;  // "2 s", "1.5 s", "200 ms", "1:30", one each
};
TimeLabels TimeLabelsFor(std::uint64_t from_ns, std::uint64_t to_ns, std::size_t at_most);

}  // namespace memtrace::report
