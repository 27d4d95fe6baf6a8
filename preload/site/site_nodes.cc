// SPDX-License-Identifier: MIT
#include "preload/site/site_nodes.h"

#include "preload/base/syscalls.h"

namespace memtrace::preload {

constinit std::atomic<std::uintptr_t> g_site_segments[kSegments] = {};

namespace {

constexpr std::uint64_t kMaxNodes = std::uint64_t{1} << 32;

constexpr std::uint32_t kFilledBatch = 1u << kFirstSegmentBits;  // every segment is a number of them

constinit NodeStorage g_storage{nullptr, nullptr};
constinit std::atomic<std::uint64_t> g_next_id{1};
constinit std::atomic<bool> g_full{false};
constinit std::atomic<bool> g_claimed[kSegments] = {};

constexpr std::uint32_t FirstId(unsigned segment) {
  return segment == 0 ? 0 : 1u << (kFirstSegmentBits - 1 + segment);
}
constexpr std::uint32_t Capacity(unsigned segment) {
  return segment == 0 ? 1u << kFirstSegmentBits : FirstId(segment);
}
static_assert(SegmentOf(1) == 0 && SegmentOf(4095) == 0 && SegmentOf(4096) == 1 && SegmentOf(8192) == 2);
static_assert(FirstId(1) == 4096 && FirstId(2) == 8192 && SegmentOf(~0u) == kSegments - 1);

// One thread gets the segment, others wait for it: its room is about to be there.
bool ObtainSegment(unsigned segment) {
  if (!g_claimed[segment].exchange(true, std::memory_order_acq_rel)) {
    const format::SiteNode* nodes = g_storage.grow(FirstId(segment), Capacity(segment));
    if (nodes == nullptr) {
      g_full.store(true, std::memory_order_release);
      return false;
    }
    const std::uintptr_t base =
        reinterpret_cast<std::uintptr_t>(nodes) - FirstId(segment) * sizeof(format::SiteNode);
    g_site_segments[segment].store(base, std::memory_order_release);
    return true;
  }
  while (g_site_segments[segment].load(std::memory_order_acquire) == 0) {
    if (g_full.load(std::memory_order_acquire)) return false;
    sys::Call(SYS_sched_yield);
  }
  return true;
}

}  // namespace

bool SiteNodesInit(NodeStorage storage) {
  for (unsigned segment = 0; segment < kSegments; ++segment) {
    g_site_segments[segment].store(0, std::memory_order_relaxed);
    g_claimed[segment].store(false, std::memory_order_relaxed);
  }
  g_storage = storage;
  g_full.store(false, std::memory_order_relaxed);
  g_next_id.store(1, std::memory_order_relaxed);
  return ObtainSegment(0);
}

std::uint32_t SiteNodesAdd(std::uint64_t key, std::uint32_t parent) {
  if (g_full.load(std::memory_order_acquire)) return 0;
  const std::uint64_t next = g_next_id.fetch_add(1, std::memory_order_relaxed);
  if (next >= kMaxNodes) {
    g_full.store(true, std::memory_order_release);
    return 0;
  }
  const auto id = static_cast<std::uint32_t>(next);
  const unsigned segment = SegmentOf(id);
  if (g_site_segments[segment].load(std::memory_order_acquire) == 0 && !ObtainSegment(segment)) return 0;
  // Nodes of the batch before the last one are written, unless their threads have been off for long.
  if (__builtin_expect(id % kFilledBatch == 0, 0) && id >= 2 * kFilledBatch && g_storage.filled != nullptr)
    g_storage.filled(&SiteNodeAt(id - 2 * kFilledBatch), kFilledBatch);
  auto& node = const_cast<format::SiteNode&>(SiteNodeAt(id));
  node.parent = parent;
  node.extra = 0;
  // The trace's reader takes a node for written once its key is there.
  std::atomic_ref<std::uint64_t>(node.key).store(key, std::memory_order_release);
  return id;
}

std::uint64_t SiteNodesCount() {
  return g_next_id.load(std::memory_order_relaxed);
}

}  // namespace memtrace::preload
