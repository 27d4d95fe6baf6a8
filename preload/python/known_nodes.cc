// SPDX-License-Identifier: MIT
#include "preload/python/known_nodes.h"

#include "preload/python/codes.h"
#include "preload/python/frame_layout.h"

namespace memtrace::preload {
namespace {

// The remembered frame at that address.
[[gnu::always_inline]] inline bool FindFrame(const PythonStack& stack, std::uintptr_t frame,
                                             std::uint32_t* i) {
  *i = stack.depth - 1;
  if (stack.frames[*i] == frame) return true;
  *i = stack.hints[HintOf(frame)];
  return *i < stack.depth && stack.frames[*i] == frame;
}

}  // namespace

// What is remembered stays as it is, also inside of the frame where the thread is now: that is often called
// again.
std::uint32_t PythonKnownBlockNode(const PythonStack& stack, const PythonRuntime& runtime,
                                   std::uintptr_t thread_state, format::AllocKind kind) {
  if (__builtin_expect(stack.usual != &runtime || !MayCompare(stack), 0)) return 0;
  const FrameLayout<false> layout(*runtime.offsets);
  const std::uintptr_t current = CurrentFrame(*runtime.offsets, thread_state);
  if (current == 0) return 0;
  std::uint32_t i = 0;
  std::uint32_t caller = 0;
  if (__builtin_expect(FindFrame(stack, current, &i), 1)) {
    if (!CallersStand(stack, layout, i) || !KnownCallerOf(stack, i, &caller)) return 0;
  } else {  // called by a remembered one
    const std::uintptr_t back = layout.Back(current);
    if (!FindFrame(stack, back, &i) || !CallersStand(stack, layout, i) || !KnownCallerOf(stack, i, &caller))
      return 0;
    caller = stack.known.Find(layout.Instruction(back), PythonRole::kCaller, caller);
    if (caller == 0) return 0;
  }
  return stack.known.Find(layout.Instruction(current), RoleOf(kind), caller);
}

}  // namespace memtrace::preload
