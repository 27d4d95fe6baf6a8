// SPDX-License-Identifier: MIT
// Sizes, counts and shares as every report prints them. Sizes follow Python's tracemalloc: "4855 KiB", "12.3
// MiB".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "analyzer/util/result.h"

namespace memtrace {

// Binary units. A value stays in its unit below 10240 of it; below 100 it has one decimal, bytes never have
// one.
std::string FormatSize(double bytes);

// The same with its sign always written: "+4428 KiB", "-3052 KiB", "+0 B".
std::string FormatSizeChange(double bytes);

// 1234567 -> "1,234,567", as valgrind writes counts.
std::string FormatGrouped(std::uint64_t count);

// Share of a whole in percent with one decimal: "48.7%"; "0.0%" of nothing.
std::string FormatShare(double part, double whole);

// "4096", "64KiB", "1.5 MiB", "2G": binary units, the "iB" optional. kUsage error otherwise.
Result<std::uint64_t> ParseSize(std::string_view text);

}  // namespace memtrace
