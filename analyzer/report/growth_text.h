// SPDX-License-Identifier: MIT
// Growth in words, and as a small picture.
#pragma once

#include <cstdint>
#include <string>

#include "analyzer/aggregate/growth.h"
#include "analyzer/report/json.h"

namespace memtrace::report {

// "first 00:00.20, last 00:12.80, still growing, 64.0 KiB a second", "all at 00:00.02"; empty for none.
std::string GrowthText(const aggregate::SiteCurve& curve, std::uint64_t duration_ns);

// The verdict alone: "still growing, 64.0 KiB a second", "flat since 00:03.00", "then no more"; empty where
// there is none, or only one block is left.
std::string VerdictText(const aggregate::SiteCurve& curve, std::uint64_t duration_ns);

// "▁▂▃▄▅▆▇█": live bytes over the recording, the highest as high as a letter.
std::string Sparkline(const aggregate::SiteCurve& curve);

// {"verdict": "growing", "flat", "one_off" or "unclear", "bytes_per_second", "flat_since_ns", "live_bytes"}.
Json GrowthJson(const aggregate::SiteCurve& curve, std::uint64_t duration_ns);

}  // namespace memtrace::report
