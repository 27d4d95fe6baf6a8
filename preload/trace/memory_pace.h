// SPDX-License-Identifier: MIT
// When the next reading of process memory is due: seldom enough to cost next to nothing, often enough that
// the highest one is close to the true peak and that a program's life can be drawn.
//
//     process memory     ╭──╮                a reading   at the start, at the end, at marks,
//                     ╭──╯  ╰───             at each new high (2 % above the last one),
//          ╭──────────╯                      after a while (a 64th of the time until then, 50 ms at least)
//     ─────┴──┴──┴──┴─┴┴┴┴──┴──┴             but never when that would cost more than a hundredth of the time
//
// So a program that runs for a day has some hundred periodic readings, and one that grows a thousandfold 350
// more.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "memtrace/trace_format.h"
#include "preload/trace/memory_reading.h"

namespace memtrace::preload {

// Zero is its start. Thread-safe. Lives in memory that is zero in a forked child.
class MemoryPace {
 public:
  // At a mark: whether marks have been few enough until now for a reading.
  bool IsMarkDue(std::uint64_t now_ns, std::uint64_t started_ns) const;
  // At a checkpoint that found `resident_bytes`: why a reading is due, if it is.
  std::optional<format::CheckpointReason> ReasonFor(std::uint64_t now_ns, std::uint64_t started_ns,
                                                    std::uint64_t resident_bytes) const;
  void Taken(std::uint64_t now_ns, std::uint64_t resident_bytes, const MemoryCost& cost);

 private:
  std::atomic<std::uint64_t> latest_ns_;
  std::atomic<std::uint64_t> not_before_ns_;
  std::atomic<std::uint64_t> highest_bytes_;
  std::atomic<std::uint64_t> spent_ns_;
};

}  // namespace memtrace::preload
