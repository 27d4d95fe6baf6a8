// SPDX-License-Identifier: MIT
// Wording of growth.
#include "analyzer/report/growth_text.h"

#include <algorithm>

#include <fmt/format.h>

#include "analyzer/util/size_format.h"
#include "analyzer/util/time_format.h"

namespace memtrace::report {
namespace {

using aggregate::Growth;
using aggregate::GrowthVerdict;
using aggregate::SiteCurve;

// In the shortest time that gives a kibibyte.
std::string RateText(double bytes_per_second) {
  constexpr struct {
    double seconds;
    const char* name;
  } kTimes[] = {{1, "second"}, {60, "minute"}, {3600, "hour"}};
  for (const auto& time : kTimes) {
    const double bytes = bytes_per_second * time.seconds;
    if (bytes >= 1024) return fmt::format("{} a {}", FormatSize(bytes), time.name);
  }
  return FormatSize(bytes_per_second * 86400) + " a day";
}

const char* VerdictWord(Growth growth) {
  switch (growth) {
    case Growth::kGrowing:
      return "growing";
    case Growth::kFlat:
      return "flat";
    case Growth::kOneOff:
      return "one_off";
    case Growth::kUnclear:
      break;
  }
  return "unclear";
}

}  // namespace

std::string VerdictText(const SiteCurve& curve, std::uint64_t duration_ns) {
  if (curve.is_empty()) return {};
  const GrowthVerdict verdict = JudgeGrowth(curve, duration_ns);
  switch (verdict.growth) {
    case Growth::kGrowing:
      return "still growing, " + RateText(verdict.bytes_per_second);
    case Growth::kFlat:
      return "flat since " + FormatTime(verdict.flat_since_ns);
    case Growth::kOneOff:
      return curve.blocks_left > 1 ? "then no more" : "";
    case Growth::kUnclear:
      break;
  }
  return {};
}

std::string GrowthText(const SiteCurve& curve, std::uint64_t duration_ns) {
  if (curve.is_empty()) return {};
  const std::string first = FormatTime(curve.first_ns);
  const std::string last = FormatTime(curve.last_ns);
  const std::string verdict = VerdictText(curve, duration_ns);
  const std::string after = verdict.empty() ? "" : ", " + verdict;
  if (first == last) {
    // Of what came in one moment only this is worth saying.
    const bool is_one_off = JudgeGrowth(curve, duration_ns).growth == Growth::kOneOff;
    return fmt::format("{} {}{}", curve.blocks_left == 1 ? "at" : "all at", first, is_one_off ? after : "");
  }
  return fmt::format("first {}, last {}{}", first, last, after);
}

std::string Sparkline(const SiteCurve& curve) {
  constexpr const char* kHeights[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const auto live = curve.LiveBytes();
  const std::uint64_t highest = std::max<std::uint64_t>(*std::max_element(live.begin(), live.end()), 1);
  std::string text;
  for (const std::uint64_t bytes : live) {
    const double share = static_cast<double>(bytes) / static_cast<double>(highest);
    text += kHeights[static_cast<std::size_t>(share * 7 + 0.5)];
  }
  return text;
}

Json GrowthJson(const SiteCurve& curve, std::uint64_t duration_ns) {
  const GrowthVerdict verdict = JudgeGrowth(curve, duration_ns);
  return {{"verdict", VerdictWord(verdict.growth)},
          {"bytes_per_second",
           verdict.growth == Growth::kGrowing ? Json(verdict.bytes_per_second) : Json(nullptr)},
          {"flat_since_ns", verdict.growth == Growth::kFlat ? Json(verdict.flat_since_ns) : Json(nullptr)},
          {"live_bytes", curve.LiveBytes()}};
}

}  // namespace memtrace::report
