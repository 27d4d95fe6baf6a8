// SPDX-License-Identifier: MIT
// From new frames to frames with checks and site nodes.
#include <dlfcn.h>

#include <cstdint>

#include "preload/site/site_lookup.h"
#include "preload/stack/capture_internal.h"
#include "preload/stack/capture_memory.h"
#include "preload/stack/verified_prefix.h"

namespace memtrace::preload {

constinit std::uint32_t g_max_depth = 0;

namespace {

std::uint64_t SiteKey(const Frame& frame, std::uint64_t kind) {
  if (__builtin_expect(frame.Has(Frame::kOneOfMany), 0))
    return format::kManyCodesPc | format::kGuessBit | (kind << format::kKindShift);
  return frame.key | (std::uint64_t{frame.generation()} << format::kGenerationShift) |
         (kind << format::kKindShift);
}
std::uint64_t SiteKey(const Frame& frame) {
  return SiteKey(frame, frame.node_kind());
}

bool IsBeyondLimit(std::uint32_t index) {
  return g_max_depth != 0 && index > g_max_depth;
}

const std::uint64_t* Address(std::uint64_t address) {
  return reinterpret_cast<const std::uint64_t*>(address);
}

// Writes the checks of a special frame, which are the words that its step read.
[[gnu::noinline]] Check* PutReads(Check* checks, const ThreadCapture& thread, const Frame* fresh) {
  const std::uint32_t first = fresh == thread.fresh ? 0 : fresh[-1].read_end;
  for (std::uint32_t i = first; i < fresh->read_end; ++i) {
    *checks++ = Check{Address(thread.reads[i].address), thread.reads[i].value};
  }
  return checks;
}

// Copies fresh frames into place, outermost first, with their checks and path hashes, and starts loading
// their nodes. The innermost gets `kind`.
template <bool kHasNodes>
void PlaceFrames(ThreadCapture& thread, Frame* base, std::uint32_t count, format::AllocKind kind) {
  Check* const first_check = thread.checks;
  const Frame* const innermost = thread.fresh;
  Check* checks = first_check + base->check_end;
  std::uint64_t path_hash = base->path_hash;
  std::uint32_t needs_rbp = base->traits & Frame::kNeedsRbp;
  for (const Frame* fresh = innermost + count; fresh-- != innermost; ++base) {
    Frame& frame = base[1];
    const std::uint32_t traits = fresh->traits & ~(Frame::kNeedsRbp | Frame::kKindMask);
    const std::uint64_t cfa = fresh->cfa;
    const std::int64_t rbp_offset = fresh->rbp_offset;
    if (__builtin_expect((traits & Frame::kSpecial) != 0, 0)) {
      checks = PutReads(checks, thread, fresh);
    } else if (cfa != 0) {
      *checks++ = Check{Address(cfa - 8), base->key & format::kPcMask};
      if (rbp_offset != 0) {
        if (needs_rbp != 0)
          *checks++ = Check{Address(cfa + static_cast<std::uint64_t>(rbp_offset)), base->rbp};
        needs_rbp = 0;
      }
    }
    if ((traits & Frame::kUsesRbp) != 0) needs_rbp = Frame::kNeedsRbp;
    const std::uint32_t node_kind = fresh == innermost ? static_cast<std::uint32_t>(kind) : 0;
    frame.sp = fresh->sp;
    frame.key = fresh->key;
    frame.rbp = fresh->rbp;
    frame.cfa = cfa;
    frame.rbp_offset = static_cast<std::int32_t>(rbp_offset);
    frame.check_end = static_cast<std::uint32_t>(checks - first_check);
    frame.traits = traits | needs_rbp | node_kind;
    if constexpr (kHasNodes) {
      frame.path_hash = path_hash = SitePathHash(path_hash, SiteKey(frame));
      SiteIndexPrefetch(path_hash);
    } else {
      frame.joined_to = 0;
    }
  }
}

// A program that makes code for ever would get nodes for ever. From a great many on, new frames outside of every
// module share the nodes of "some code".
constinit std::uint64_t g_many_nodes = 1 << 20;

bool IsOneTooMany(const Frame& frame) {
  dl_find_object found;
  if (SiteTreeNodeCount() < g_many_nodes || frame.Has(Frame::kOneOfMany)) return false;
  return _dl_find_object(reinterpret_cast<void*>(frame.key & format::kPcMask), &found) != 0;
}

// The same from a frame on whose node is not there yet. Frames behind one that now shares its node have another path.
[[gnu::noinline]] bool AddNodes(Frame* base, const Frame* leaf) {
  for (bool is_path_new = false; base != leaf; ++base) {
    Frame& frame = base[1];
    if (is_path_new) frame.path_hash = SitePathHash(base->path_hash, SiteKey(frame));
    frame.node = SiteTreeFind(base->node, frame.path_hash);
    if (frame.node == 0 && IsOneTooMany(frame)) {
      frame.traits |= Frame::kOneOfMany;
      frame.path_hash = SitePathHash(base->path_hash, SiteKey(frame));
      is_path_new = true;
    }
    if (frame.node == 0) frame.node = SiteTreeChild(base->node, SiteKey(frame), frame.path_hash);
    if (__builtin_expect(frame.node == 0, 0)) return false;
  }
  return true;
}

// Finds the nodes of the frames (base, leaf], which have path hashes. False: storage failed.
bool FindNodes(Frame* base, const Frame* leaf) {
  const SiteIndexTable& index = *g_site_index.load(std::memory_order_acquire);
  for (std::uint32_t node = base->node; base != leaf; ++base) {
    Frame& frame = base[1];
    node = SiteIndexFindIn(index, frame.path_hash, node);
    if (__builtin_expect(node == 0, 0)) return AddNodes(base, leaf);
    frame.node = node;
  }
  return true;
}

// The node of the innermost max_depth frames, under a node that says that more was there.
std::uint32_t LimitedNode(const ThreadCapture& thread, std::uint32_t leaf, format::AllocKind kind) {
  std::uint64_t path_hash = SitePathHash(0, format::kTruncatedPc);
  std::uint32_t node = SiteTreeChildInline(0, format::kTruncatedPc, path_hash);
  for (std::uint32_t i = leaf - g_max_depth + 1; i <= leaf && node != 0; ++i) {
    const std::uint64_t key = SiteKey(thread.frames[i], i == leaf ? static_cast<std::uint64_t>(kind) : 0);
    path_hash = SitePathHash(path_hash, key);
    node = SiteTreeChildInline(node, key, path_hash);
  }
  return node;
}

std::uint32_t FindNode(ThreadCapture& thread, std::uint32_t index, format::AllocKind kind) {
  Frame& frame = thread.frames[index];
  const auto kind_bits = static_cast<std::uint8_t>(kind);
  if (IsBeyondLimit(index)) {
    frame.SetNodeKind(kind_bits | Frame::kKindOfDepthLimit);
    frame.node = LimitedNode(thread, index, kind);
  } else {
    Frame& outer = thread.frames[index - 1];
    frame.SetNodeKind(kind_bits);
    frame.path_hash = SitePathHash(outer.path_hash, SiteKey(frame));
    if (!FindNodes(&outer, &frame)) frame.node = 0;
  }
  if (frame.node == 0) DropPrefix(thread);  // no frame without its node stays
  return frame.node;
}

// The same where some of the frames, or all, are beyond max_depth.
std::uint32_t FindNodesToLimit(ThreadCapture& thread, std::uint32_t base, std::uint32_t leaf,
                               format::AllocKind kind) {
  const std::uint32_t last = base > g_max_depth ? base : g_max_depth;
  for (std::uint32_t i = last + 1; i <= leaf; ++i) thread.frames[i].SetNodeKind(Frame::kNoNode);
  if (!FindNodes(thread.frames + base, thread.frames + last)) {
    DropPrefix(thread);
    return 0;
  }
  return FindNode(thread, leaf, kind);
}

// What is returned instead of a node where none is wanted.
constexpr std::uint32_t kFramesOnly = 1;

}  // namespace

void SetManyNodesForTest(std::uint64_t count) {
  g_many_nodes = count;
}

bool SetRoot(ThreadCapture& thread, bool complete) {
  Frame root{};
  root.sp = ~0ULL;
  if (!complete) {
    root.key = format::kTruncatedPc;
    root.path_hash = SitePathHash(0, root.key);
    root.node = SiteTreeChildInline(0, root.key, root.path_hash);
  }
  thread.frames[0] = root;
  return complete || root.node != 0;
}

std::uint32_t LeafNode(ThreadCapture& thread, format::AllocKind kind) {
  if (thread.has_no_nodes) return kFramesOnly;
  const Frame& leaf = *thread.innermost;
  const auto kind_bits = static_cast<std::uint8_t>(kind);
  if (leaf.node_kind() == kind_bits || leaf.node_kind() == (kind_bits | Frame::kKindOfDepthLimit))
    return leaf.node;
  return FindNode(thread, static_cast<std::uint32_t>(thread.innermost - thread.frames), kind);
}

std::uint32_t AppendFresh(ThreadCapture& thread, std::uint32_t base, std::uint32_t count,
                          format::AllocKind kind) {
  const std::uint32_t leaf = base + count;
  thread.innermost = thread.frames + base;
  while (leaf >= thread.frame_capacity) {
    if (!GrowFrames(thread)) return 0;
  }
  const std::uint32_t room = thread.frame_capacity - 1;
  thread.append_end = thread.frames + (g_max_depth != 0 && g_max_depth < room ? g_max_depth : room);
  // As the place of an allocation the base may have had a node of its own; as a caller it has kind 0.
  if (base != 0 && !IsBeyondLimit(base) && thread.frames[base].node_kind() != 0 &&
      FindNode(thread, base, format::AllocKind::kMalloc) == 0) {
    return 0;
  }
  Frame* const first = thread.frames + base;
  thread.innermost = first + count;
  if (thread.has_no_nodes) {
    PlaceFrames<false>(thread, first, count, kind);
    return kFramesOnly;
  }
  PlaceFrames<true>(thread, first, count, kind);
  if (__builtin_expect(IsBeyondLimit(leaf), 0)) return FindNodesToLimit(thread, base, leaf, kind);
  if (__builtin_expect(!FindNodes(first, thread.innermost), 0)) {
    DropPrefix(thread);
    return 0;
  }
  return thread.innermost->node;
}

}  // namespace memtrace::preload
