// SPDX-License-Identifier: MIT
// Steps that people count in.
#include "analyzer/report/axis.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "analyzer/util/size_format.h"
#include "analyzer/util/size_units.h"

namespace memtrace::report {
namespace {

constexpr std::array<std::uint64_t, 33> kRoundNumbers = {
    1,  2,  3,  4,  5,  6,  8,   10,  12,  15,  16,  20,  24,  25,  30,  32, 40,
    48, 50, 60, 64, 80, 96, 100, 120, 150, 200, 250, 300, 400, 500, 600, 800};

constexpr std::uint64_t kMicrosecond = 1'000;
constexpr std::uint64_t kMillisecond = 1'000'000;
constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kMinute = 60 * kSecond;
constexpr std::uint64_t kHour = 60 * kMinute;

// Steps between labels, shortest first.
std::vector<std::uint64_t> Steps() {
  std::vector<std::uint64_t> steps;
  for (std::uint64_t power = 1; power < kMinute; power *= 10) {
    for (const std::uint64_t factor : {1, 2, 5}) {
      if (power * factor <= 10 * kSecond) steps.push_back(power * factor);
    }
  }
  for (const std::uint64_t seconds : {15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200}) {
    steps.push_back(seconds * kSecond);
  }
  for (std::uint64_t day = 24 * kHour; day < 1000ULL * 24 * kHour; day *= 2) steps.push_back(day);
  return steps;
}

std::string Minutes(std::uint64_t ns) {
  const std::uint64_t seconds = ns / kSecond;
  if (seconds < 3600) return fmt::format("{}:{:02}", seconds / 60, seconds % 60);
  return fmt::format("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

// With all their digits sizes are round in powers of ten.
std::uint64_t UnitStep() {
  return CurrentSizeUnits() == SizeUnits::kBinary ? 1024 : 1000;
}

// All labels of an axis are in one unit: that of its last one.
std::string TimeText(std::uint64_t ns, std::uint64_t last_ns) {
  if (ns == 0) return "0";
  if (last_ns >= 2 * kMinute) return Minutes(ns);
  const auto in = [ns](std::uint64_t unit, std::string_view name) {
    return fmt::format("{:.10g} {}", static_cast<double>(ns) / static_cast<double>(unit), name);
  };
  if (last_ns >= kSecond) return in(kSecond, "s");
  if (last_ns >= kMillisecond) return in(kMillisecond, "ms");
  if (last_ns >= kMicrosecond) return in(kMicrosecond, "us");
  return in(1, "ns");
}

}  // namespace

std::uint64_t RoundSizeAbove(std::uint64_t bytes) {
  const std::uint64_t step = UnitStep();
  std::uint64_t unit = 1;
  for (int power = 0; power < 6; ++power, unit *= step) {
    for (const std::uint64_t number : kRoundNumbers) {
      if (number * unit >= bytes) return number * unit;
    }
  }
  return bytes;
}

std::string AxisSize(std::uint64_t bytes, std::uint64_t step_bytes) {
  constexpr std::array<const char*, 6> kUnits = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  constexpr std::array<const char*, 6> kDecimalUnits = {"B", "kB", "MB", "GB", "TB", "PB"};
  if (bytes == 0) return "0";
  if (CurrentSizeUnits() == SizeUnits::kBytes) return FormatGrouped(bytes);
  const std::uint64_t step = UnitStep();
  std::size_t power = 0;
  std::uint64_t unit = 1;
  for (; power + 1 < kUnits.size() && step_bytes / unit >= step; ++power) unit *= step;
  return fmt::format("{} {}", bytes / unit, (step == 1000 ? kDecimalUnits : kUnits)[power]);
}

TimeLabels TimeLabelsFor(std::uint64_t from_ns, std::uint64_t to_ns, std::size_t at_most) {
  static const std::vector<std::uint64_t> steps = Steps();
  at_most = std::max<std::size_t>(at_most, 1);
  const auto fits = [&](std::uint64_t step) {
    return to_ns / step - from_ns / step + (from_ns % step == 0 ? 1 : 0) <= at_most;
  };
  const auto found = std::find_if(steps.begin(), steps.end(), fits);
  TimeLabels labels;
  if (found == steps.end()) return labels;  // decades: only a damaged trace has them
  const std::uint64_t step = *found;
  std::uint64_t time = from_ns / step * step + (from_ns % step == 0 ? 0 : step);
  for (; time >= from_ns && time <= to_ns && labels.times_ns.size() < at_most; time += step) {
    labels.times_ns.push_back(time);
  }
  for (const std::uint64_t time_ns : labels.times_ns) {
    labels.texts.push_back(TimeText(time_ns, labels.times_ns.back()));
  }
  return labels;
}

}  // namespace memtrace::report
