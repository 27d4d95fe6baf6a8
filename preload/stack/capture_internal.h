// SPDX-License-Identifier: MIT
// The parts of Capture() that are not on its fast path.
#pragma once

#include <cstdint>

#include "preload/stack/capture.h"
#include "preload/stack/frame_step.h"

namespace memtrace::preload {

// StackOptions::max_depth.
extern constinit std::uint32_t g_max_depth;

// The thread's state may be out of date: modules changed, or sp is outside the known part of its stack.
std::uint32_t CaptureAnew(ThreadCapture& thread, const WalkPosition& at, format::AllocKind kind);

// Steps until a known frame is met whose checks hold. frames[candidate] is the innermost frame that `at` may
// be; with broken != 0 it is that frame, and checks[broken - 1] is the innermost of its checks that fails.
std::uint32_t CaptureByWalk(ThreadCapture& thread, const WalkPosition& at, format::AllocKind kind,
                            std::uint32_t candidate, std::uint32_t broken);

// By the careful walk, without the prefix, which stays as it is. use_rules: see CarefulWalk.
std::uint32_t CaptureCarefully(ThreadCapture& thread, const WalkPosition& at, format::AllocKind kind,
                               bool use_rules);

// Sets frames[0] for a stack that is complete or not. False: site storage failed.
bool SetRoot(ThreadCapture& thread, bool complete);
// Moves fresh[0..count) behind frames[base] and gives them checks and nodes. The node of the innermost, or 0.
std::uint32_t AppendFresh(ThreadCapture& thread, std::uint32_t base, std::uint32_t count,
                          format::AllocKind kind);
// The node of the innermost frame as the place of an allocation of that kind.
std::uint32_t LeafNode(ThreadCapture& thread, format::AllocKind kind);

}  // namespace memtrace::preload
