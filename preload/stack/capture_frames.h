// SPDX-License-Identifier: MIT
// The native stack's frames without nodes, for stacks of which only the inner part is wanted.
#pragma once

#include <cstdint>

#include "preload/stack/capture.h"
#include "preload/stack/verified_prefix.h"

namespace memtrace::preload {

// For a zeroed ThreadCapture that is used for nothing else; otherwise as ThreadCaptureInit.
bool FrameCaptureInit(ThreadCapture& thread, std::uintptr_t stack_high);

// The innermost frame; those outside it lie in front of it, down to the root. Null: the stack is not the
// thread's own or cannot be walked by rules alone. As Capture() otherwise, also in what it costs. Valid until
// the next call.
Frame* CaptureFrames(ThreadCapture& thread, std::uintptr_t pc, std::uintptr_t sp, std::uintptr_t rbp);

inline bool IsRootFrame(const Frame& frame) {
  return frame.sp == ~0ULL;
}
inline std::uintptr_t PcOf(const Frame& frame) {
  return frame.key & format::kPcMask;
}

// A frame's key in the tree as the place of an allocation of that kind; as a caller it has kind 0.
inline std::uint64_t SiteKeyOf(const Frame& frame, std::uint64_t kind) {
  return frame.key | (std::uint64_t{frame.generation()} << format::kGenerationShift) |
         kind << format::kKindShift;
}

}  // namespace memtrace::preload
