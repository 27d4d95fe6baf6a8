// SPDX-License-Identifier: MIT
#include "preload/python/joined_stack.h"

#include "preload/python/text.h"
#include "preload/site/site_lookup.h"
#include "preload/stack/capture_frames.h"
#include "preload/stack/capture_memory.h"

namespace memtrace::preload {
namespace {

constinit std::uint32_t g_depth_limit = 0;

// What the innermost eval loop keeps on its C stack; 0: nothing that we know of.
std::uintptr_t EvalLoopAnchor(const PythonOffsets& at, const PythonPlace& place,
                              std::uintptr_t thread_state) {
  return at.thread_cframe >= 0 ? PythonWord(thread_state, at.thread_cframe) : place.shim;
}

// The native frames (outermost, innermost] that the eval loop has called.
struct Inner {
  Frame* outermost;  // the eval loop's, or the root
  Frame* innermost;
};

Inner FramesInEvalLoop(const PythonRuntime& runtime, Frame* innermost, std::uintptr_t anchor) {
  Frame* frame = innermost;
  for (; !IsRootFrame(*frame); --frame) {
    const bool is_eval = anchor != 0
                             ? frame->cfa > anchor || frame->cfa == 0
                             : PcOf(*frame) - runtime.eval_start < runtime.eval_end - runtime.eval_start;
    if (is_eval) break;
  }
  return {frame, innermost};
}

struct Path {
  std::uint32_t node;
  std::uint64_t hash;
};

Path Child(const Path& caller, std::uint64_t key) {
  const std::uint64_t hash = SitePathHash(caller.hash, key);
  return {SiteTreeChildInline(caller.node, key, hash), hash};
}

// Adds the native frames to a stack. Each remembers what it was as a caller behind that stack: as long as a
// frame is remembered, those outside of it are the same.
std::uint32_t AddFrames(const Path& base, const Inner& inner, format::AllocKind kind) {
  Frame* known = inner.innermost - 1;
  while (known > inner.outermost && known->joined_to != base.node) --known;
  Path path = known > inner.outermost ? Path{known->node, known->path_hash} : base;
  for (Frame* frame = known + 1; frame < inner.innermost; ++frame) {
    path = Child(path, SiteKeyOf(*frame, 0));
    if (path.node == 0) return 0;
    frame->node = path.node;
    frame->path_hash = path.hash;
    frame->joined_to = base.node;
  }
  return Child(path, SiteKeyOf(*inner.innermost, static_cast<std::uint64_t>(kind))).node;
}

// The same without that, for stacks that are cut.
std::uint32_t AddCutFrames(Path path, const Inner& inner, format::AllocKind kind) {
  for (const Frame* frame = inner.outermost + 1; frame <= inner.innermost && path.node != 0; ++frame) {
    const bool is_leaf = frame == inner.innermost;
    path = Child(path, SiteKeyOf(*frame, is_leaf ? static_cast<std::uint64_t>(kind) : 0));
  }
  return path.node;
}

// The same for the innermost frames of both kinds, `count` of them, under a node that says that more was
// there.
std::uint32_t LimitedNode(const PythonStack& stack, const PythonPlace& place, const Inner& inner,
                          std::uint32_t count, format::AllocKind kind) {
  std::uint64_t path_hash = SitePathHash(0, format::kTruncatedPc);
  std::uint32_t node = SiteTreeChildInline(0, format::kTruncatedPc, path_hash);
  const auto native = static_cast<std::uint32_t>(inner.innermost - inner.outermost);
  const std::uint32_t python = count > native ? count - native : 0;
  // From the place outward to the outermost one that is kept.
  std::uint32_t first = static_cast<std::uint32_t>(&place - stack.places) + 1;
  for (std::uint32_t kept = 0; kept < python; ++kept) first = stack.places[first - 1].real;
  for (std::uint32_t i = first; node != 0 && i <= static_cast<std::uint32_t>(&place - stack.places); ++i) {
    if (stack.places[i].real != i) continue;
    const bool is_leaf = native == 0 && &stack.places[i] == &place;
    const std::uint64_t key =
        stack.places[i].key | (is_leaf ? static_cast<std::uint64_t>(kind) << format::kKindShift : 0);
    path_hash = SitePathHash(path_hash, key);
    node = SiteTreeChildInline(node, key, path_hash);
  }
  if (node == 0 || native == 0) return node;
  Frame* outermost = native > count ? inner.innermost - count : inner.outermost;
  return AddCutFrames({node, path_hash}, {outermost, inner.innermost}, kind);
}

std::uint32_t CountProgramFrames(const PythonStack& stack, const PythonPlace& place) {
  std::uint32_t count = 0;
  for (std::uint32_t i = 0; i <= static_cast<std::uint32_t>(&place - stack.places); ++i)
    count += stack.places[i].real == i;
  return count;
}

bool IsTooDeep(const PythonStack& stack, const PythonPlace& place, std::uint32_t native) {
  return g_depth_limit != 0 && CountProgramFrames(stack, place) + native > g_depth_limit;
}

// Where the native stack cannot be walked frame by frame (a signal's or a coroutine's, a library on its way
// out): its innermost frame alone.
std::uint32_t NodeWithCaller(const Path& base, std::uintptr_t pc, format::AllocKind kind) {
  return Child(base, (pc & format::kPcMask) | static_cast<std::uint64_t>(kind) << format::kKindShift).node;
}

}  // namespace

void SetPythonDepthLimit(std::uint32_t max_depth) {
  g_depth_limit = max_depth;
}

std::uint32_t JoinedNode(PythonStack& stack, PythonPlace& place, std::uintptr_t thread_state,
                         const NativePosition& at, format::AllocKind kind) {
  Frame* innermost = CaptureFrames(stack.native, at.pc, at.sp, at.rbp);
  const std::uintptr_t anchor = EvalLoopAnchor(*stack.runtime->offsets, place, thread_state);
  const Inner inner = innermost == nullptr ? Inner{} : FramesInEvalLoop(*stack.runtime, innermost, anchor);
  const auto native = static_cast<std::uint32_t>(inner.innermost - inner.outermost);
  if (__builtin_expect(IsTooDeep(stack, place, native), 0))
    return LimitedNode(stack, place, inner, g_depth_limit, kind);
  const Path caller{PythonCallerNode(stack, place), place.path_hash};
  if (caller.node == 0) return 0;
  return native != 0 ? AddFrames(caller, inner, kind) : NodeWithCaller(caller, at.pc, kind);
}

std::uint32_t PythonOnlyNode(PythonStack& stack, PythonPlace& place, format::AllocKind kind) {
  if (__builtin_expect(!IsTooDeep(stack, place, 0), 1)) return PythonBlockNode(stack, place, kind);
  return LimitedNode(stack, place, {nullptr, nullptr}, g_depth_limit, kind);
}

}  // namespace memtrace::preload
