// SPDX-License-Identifier: MIT
// Times are rounded to hundredths before they are split, so that 59.999 s is a minute and not "00:60.00".
#include "analyzer/util/time_format.h"

#include <ctime>

#include <fmt/format.h>

namespace memtrace {

std::string FormatTime(std::uint64_t ns) {
  constexpr std::uint64_t kHundredthNs = 10'000'000;
  const std::uint64_t hundredths = ns / kHundredthNs + (ns % kHundredthNs >= kHundredthNs / 2 ? 1 : 0);
  const std::uint64_t seconds = hundredths / 100;
  const std::uint64_t minutes = seconds / 60;
  const std::string below_hour =
      fmt::format("{:02}:{:02}.{:02}", minutes % 60, seconds % 60, hundredths % 100);
  return minutes < 60 ? below_hour : fmt::format("{}:{}", minutes / 60, below_hour);
}

std::string FormatWallClock(std::uint64_t ns_since_epoch) {
  const auto seconds = static_cast<std::time_t>(ns_since_epoch / 1'000'000'000);
  std::tm local{};
  if (localtime_r(&seconds, &local) == nullptr) return "unknown";
  char text[64];
  return std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &local) == 0 ? "unknown" : text;
}

}  // namespace memtrace
