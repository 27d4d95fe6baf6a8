// SPDX-License-Identifier: MIT
// Captures on coroutines' and signal handlers' stacks.
//
//   low of the capture ├── its frames ──┤ top, learned by the last careful walk
//        probed page by page, every time: such stacks may be unmapped at any moment
//
// A careful walk of an unknown stack shows where it ends. From then on captures below that end use a prefix
// of their own (ThreadCapture::foreign), once the pages up to there are known to be readable still.
#include <cstdint>

#include "preload/base/arena.h"
#include "preload/stack/capture_inline.h"
#include "preload/stack/capture_internal.h"
#include "preload/stack/careful_walk.h"
#include "preload/stack/stack_memory.h"

namespace memtrace::preload {
namespace {

// Deeper ones are walked carefully: that many probes cost as much.
constexpr std::uintptr_t kMaxProbedBytes = 16 * kStackPageBytes;

// Makes [page of sp, top) the known part of the foreign stack, if it can be read.
bool Enter(ThreadCapture& foreign, std::uintptr_t sp) {
  const std::uintptr_t high = foreign.high();
  const std::uintptr_t low = sp & ~(kStackPageBytes - 1);
  for (std::uintptr_t page = low; page < high; page += kStackPageBytes) {
    if (!IsReadable(page)) return false;
  }
  foreign.low = low;
  foreign.known_bytes = high - low;
  return true;
}

ThreadCapture* ForeignOf(ThreadCapture& thread) {
  if (thread.foreign != nullptr) return thread.foreign;
  auto* foreign = MapArray<ThreadCapture>(1);
  if (foreign == nullptr) return nullptr;
  if (!ThreadCaptureInit(*foreign, 0, 0)) {
    UnmapPrivate(foreign, sizeof *foreign);
    return nullptr;
  }
  foreign->is_foreign = true;
  thread.foreign = foreign;
  return foreign;
}

void AddCounters(const CaptureCounters& from, CaptureCounters& to) {
  to.rule_steps += from.rule_steps;
  to.prefix_breaks += from.prefix_breaks;
  to.foreign_walks += from.foreign_walks;
  to.truncated_stacks += from.truncated_stacks;
  to.guessed_frames += from.guessed_frames;
}

}  // namespace

bool IsOnForeignStack(const ThreadCapture& thread, std::uintptr_t sp) {
  return thread.foreign != nullptr && thread.foreign->high() - sp - 1 < kMaxProbedBytes;
}

std::uint32_t CaptureForeign(ThreadCapture& thread, const WalkPosition& at, format::AllocKind kind) {
  if (thread.has_no_nodes) return 0;
  ThreadCapture* const foreign = thread.is_foreign ? nullptr : ForeignOf(thread);
  if (foreign == nullptr) return CaptureCarefully(thread, at, kind, /*use_rules=*/true);
  if (IsOnForeignStack(thread, at.sp) && Enter(*foreign, at.sp)) {
    const std::uint32_t node = CaptureUnchecked(*foreign, at.key, at.sp, at.rbp, kind);
    AddCounters(foreign->counters, thread.counters);
    foreign->counters = CaptureCounters{};
    return node;
  }
  std::uintptr_t top = 0;
  const std::uint32_t node = CaptureCarefully(thread, at, kind, /*use_rules=*/true, &top);
  if (top > at.sp) ThreadCaptureReset(*foreign, 0, top);
  return node;
}

}  // namespace memtrace::preload
