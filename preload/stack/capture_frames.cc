// SPDX-License-Identifier: MIT
#include "preload/stack/capture_frames.h"

#include "preload/stack/capture_inline.h"
#include "preload/stack/capture_internal.h"

namespace memtrace::preload {

bool FrameCaptureInit(ThreadCapture& thread, std::uintptr_t stack_high) {
  const bool is_ready = thread.frames == nullptr ? ThreadCaptureInit(thread, 0, stack_high)
                                                 : (ThreadCaptureReset(thread, 0, stack_high), true);
  thread.has_no_nodes = true;
  return is_ready;
}

Frame* CaptureFrames(ThreadCapture& thread, std::uintptr_t pc, std::uintptr_t sp, std::uintptr_t rbp) {
  if (__builtin_expect(ModulesStamp() == thread.modules_stamp && sp - thread.low < thread.known_bytes, 1)) {
    Frame* known = thread.innermost;
    while (known->sp < sp) --known;
    if (IsFrameAt(*known, pc, sp, rbp) && AllHold(thread.checks, known->check_end)) {
      thread.innermost = known;
      return known;
    }
  }
  const std::uint32_t done = CaptureSlowly(thread, pc, sp, rbp, format::AllocKind::kMalloc);
  return done != 0 && !IsRootFrame(*thread.innermost) ? thread.innermost : nullptr;
}

}  // namespace memtrace::preload
