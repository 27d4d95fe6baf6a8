// SPDX-License-Identifier: MIT
#include "preload/trace/memory_pace.h"

namespace memtrace::preload {
namespace {

constexpr std::uint64_t kShareOfTime = 100;             // one part of so many
constexpr std::uint64_t kNsPerByte = 2'000;             // of log: half a megabyte a second at most
constexpr std::uint64_t kMarksMaySpendNs = 20'000'000;  // on top of their share of time
constexpr std::uint64_t kLeastPeriodNs = 50'000'000;
constexpr std::uint64_t kPeriodsOfLife = 64;
constexpr std::uint64_t kStepsOfGrowth = 50;
constexpr std::uint64_t kLeastGrowthBytes = 256 * 1024;

}  // namespace

bool MemoryPace::IsMarkDue(std::uint64_t now_ns, std::uint64_t started_ns) const {
  return spent_ns_.load(std::memory_order_relaxed) <= kMarksMaySpendNs + (now_ns - started_ns) / kShareOfTime;
}

std::optional<format::CheckpointReason> MemoryPace::ReasonFor(std::uint64_t now_ns, std::uint64_t started_ns,
                                                              std::uint64_t resident_bytes) const {
  if (now_ns < not_before_ns_.load(std::memory_order_relaxed) || resident_bytes == format::kUnknown)
    return {};
  const std::uint64_t highest = highest_bytes_.load(std::memory_order_relaxed);
  if (resident_bytes > highest + highest / kStepsOfGrowth + kLeastGrowthBytes)
    return format::CheckpointReason::kHigh;
  const std::uint64_t part_of_life = (now_ns - started_ns) / kPeriodsOfLife;
  const std::uint64_t period_ns = part_of_life > kLeastPeriodNs ? part_of_life : kLeastPeriodNs;
  if (now_ns - latest_ns_.load(std::memory_order_relaxed) >= period_ns)
    return format::CheckpointReason::kPeriodic;
  return {};
}

void MemoryPace::Taken(std::uint64_t now_ns, std::uint64_t resident_bytes, const MemoryCost& cost) {
  latest_ns_.store(now_ns, std::memory_order_relaxed);
  const std::uint64_t by_time = cost.ns * kShareOfTime;
  const std::uint64_t by_size = cost.bytes * kNsPerByte;
  not_before_ns_.store(now_ns + (by_time > by_size ? by_time : by_size), std::memory_order_relaxed);
  spent_ns_.fetch_add(cost.ns, std::memory_order_relaxed);
  if (resident_bytes != format::kUnknown && resident_bytes > highest_bytes_.load(std::memory_order_relaxed)) {
    highest_bytes_.store(resident_bytes, std::memory_order_relaxed);
  }
}

}  // namespace memtrace::preload
