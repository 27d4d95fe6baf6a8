// SPDX-License-Identifier: MIT
// From new frames to frames with checks and site nodes.
#include <cstdint>

#include "preload/site/site_lookup.h"
#include "preload/stack/capture_internal.h"
#include "preload/stack/capture_memory.h"
#include "preload/stack/verified_prefix.h"

namespace memtrace::preload {

constinit std::uint32_t g_max_depth = 0;

namespace {

std::uint64_t SiteKey(const Frame& frame) {
  return frame.key | (std::uint64_t{frame.generation()} << format::kGenerationShift);
}

std::uint64_t SiteKey(const Frame& frame, format::AllocKind kind) {
  return SiteKey(frame) | (static_cast<std::uint64_t>(kind) << format::kKindShift);
}

bool IsBeyondLimit(std::uint32_t index) {
  return g_max_depth != 0 && index > g_max_depth;
}

const std::uint64_t* Address(std::uint64_t address) {
  return reinterpret_cast<const std::uint64_t*>(address);
}

// Writes the checks of `frame`, whose next frame outward is `outer`; reads are its own, if it is special.
std::uint32_t PutChecks(Check* checks, std::uint32_t count, const Frame& frame, const Frame& outer,
                        const StackRead* reads, std::uint32_t read_count) {
  if (frame.Has(Frame::kSpecial)) {
    for (std::uint32_t i = 0; i < read_count; ++i)
      checks[count++] = Check{Address(reads[i].address), reads[i].value};
  } else if (frame.cfa != 0) {
    checks[count++] = Check{Address(frame.cfa - 8), outer.key & format::kPcMask};
    if (frame.rbp_offset != 0 && outer.Has(Frame::kNeedsRbp)) {
      checks[count++] =
          Check{Address(frame.cfa + static_cast<std::uint64_t>(std::int64_t{frame.rbp_offset})), outer.rbp};
    }
  }
  return count;
}

// Copies fresh frames into place, outermost first, and starts loading their nodes.
void PlaceFrames(ThreadCapture& thread, std::uint32_t base, std::uint32_t count) {
  std::uint64_t path_hash = thread.frames[base].path_hash;
  for (std::uint32_t i = 0; i < count; ++i) {
    Frame& frame = thread.frames[base + 1 + i];
    frame = thread.fresh[count - 1 - i];
    frame.path_hash = path_hash = SitePathHash(path_hash, SiteKey(frame));
    SiteIndexPrefetch(path_hash);
  }
}

void ChainChecks(ThreadCapture& thread, std::uint32_t base, std::uint32_t count) {
  std::uint32_t checks = thread.frames[base].check_end;
  for (std::uint32_t i = 0; i < count; ++i) {
    Frame& frame = thread.frames[base + 1 + i];
    const Frame& outer = thread.frames[base + i];
    const std::uint32_t fresh_index = count - 1 - i;
    const std::uint32_t first_read = fresh_index == 0 ? 0 : thread.fresh[fresh_index - 1].read_end;
    checks = PutChecks(thread.checks, checks, frame, outer, thread.reads + first_read,
                       frame.read_end - first_read);
    frame.check_end = checks;
    const bool passes_rbp_on = frame.Has(Frame::kSpecial) || frame.rbp_offset == 0;
    const bool needs_rbp = frame.Has(Frame::kUsesRbp) || (passes_rbp_on && outer.Has(Frame::kNeedsRbp));
    frame.traits = (frame.traits & ~Frame::kNeedsRbp) | (needs_rbp ? Frame::kNeedsRbp : 0);
  }
}

// The node of the innermost max_depth frames, under a node that says that more was there.
std::uint32_t LimitedNode(const ThreadCapture& thread, std::uint32_t leaf, format::AllocKind kind) {
  std::uint64_t path_hash = SitePathHash(0, format::kTruncatedPc);
  std::uint32_t node = SiteTreeChildInline(0, format::kTruncatedPc, path_hash);
  for (std::uint32_t i = leaf - g_max_depth + 1; i <= leaf && node != 0; ++i) {
    const std::uint64_t key = i == leaf ? SiteKey(thread.frames[i], kind) : SiteKey(thread.frames[i]);
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
    const Frame& outer = thread.frames[index - 1];
    const std::uint64_t key = SiteKey(frame, kind);
    frame.SetNodeKind(kind_bits);
    frame.path_hash = SitePathHash(outer.path_hash, key);
    frame.node = SiteTreeChildInline(outer.node, key, frame.path_hash);
  }
  if (frame.node == 0) DropPrefix(thread);  // no frame without its node stays
  return frame.node;
}

}  // namespace

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
  PlaceFrames(thread, base, count);
  ChainChecks(thread, base, count);
  for (std::uint32_t i = base + 1; i < leaf; ++i) {
    if (IsBeyondLimit(i)) {
      thread.frames[i].SetNodeKind(Frame::kNoNode);
    } else if (FindNode(thread, i, format::AllocKind::kMalloc) == 0) {
      return 0;
    }
  }
  thread.innermost = thread.frames + leaf;
  return FindNode(thread, leaf, kind);
}

}  // namespace memtrace::preload
