// SPDX-License-Identifier: MIT
// Moments and durations as reports print them.
#pragma once

#include <cstdint>
#include <string>

namespace memtrace {

// Time since the start of recording: minutes and seconds, "00:07.41"; from one hour on "1:02:07.41".
std::string FormatTime(std::uint64_t ns);

// Wall clock in the local time zone: "2026-10-01 12:00:07".
std::string FormatWallClock(std::uint64_t ns_since_epoch);

}  // namespace memtrace
