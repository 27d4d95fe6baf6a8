// SPDX-License-Identifier: MIT
// The parts of Capture() that are not on its fast path.
#pragma once

#include <cstdint>

#include "preload/stack/capture.h"
#include "preload/stack/frame_step.h"

namespace memtrace::preload {

// StackOptions::max_depth.
extern constinit std::uint32_t g_max_depth;

// Steps until a known frame is met whose checks hold; thread.modules_stamp is current and `at` in its stack.
std::uint32_t CaptureByWalk(ThreadCapture& thread, const WalkPosition& at, format::AllocKind kind);

// By the careful walk, without the prefix, which stays as it is. use_rules: see CarefulWalk.
std::uint32_t CaptureCarefully(ThreadCapture& thread, const WalkPosition& at, format::AllocKind kind,
                               bool use_rules, std::uintptr_t* top = nullptr);

// On a stack that is not the thread's own.
std::uint32_t CaptureForeign(ThreadCapture& thread, const WalkPosition& at, format::AllocKind kind);
// Whether sp is near the top of the foreign stack that was captured last, if there was one.
bool IsOnForeignStack(const ThreadCapture& thread, std::uintptr_t sp);

// Sets frames[0] for a stack that is complete or not. False: site storage failed.
bool SetRoot(ThreadCapture& thread, bool complete);
// Moves fresh[0..count) behind frames[base] and gives them checks and nodes. The node of the innermost, or 0.
std::uint32_t AppendFresh(ThreadCapture& thread, std::uint32_t base, std::uint32_t count,
                          format::AllocKind kind);
// The node of the innermost frame as the place of an allocation of that kind.
std::uint32_t LeafNode(ThreadCapture& thread, format::AllocKind kind);
// From how many nodes on new code outside of modules shares them.
void SetManyNodesForTest(std::uint64_t count);
// No frame but the root is known any more.
inline void DropPrefix(ThreadCapture& thread) {
  thread.innermost = thread.frames;
}

}  // namespace memtrace::preload
