// SPDX-License-Identifier: MIT
// Node id → node, over storage in segments that double: 4096 nodes, 4096, 8192, 16384, …
// Thread-safe. A node is written before anybody else learns its id.
#pragma once

#include <atomic>
#include <cstdint>

#include "preload/site/site_tree.h"

namespace memtrace::preload {

inline constexpr unsigned kFirstSegmentBits = 12;
inline constexpr unsigned kSegments = 32 - kFirstSegmentBits + 1;

// Address of the node with id 0, were it in that segment; 0: no such segment yet.
extern constinit std::atomic<std::uintptr_t> g_site_segments[kSegments];

constexpr unsigned SegmentOf(std::uint32_t id) {
  constexpr std::uint32_t kFirst = (1u << kFirstSegmentBits) - 1;
  return 31 - static_cast<unsigned>(__builtin_clz(id | kFirst)) - (kFirstSegmentBits - 1);
}

// `id` must be one that SiteNodesAdd returned.
inline const format::SiteNode& SiteNodeAt(std::uint32_t id) {
  const std::uintptr_t base = g_site_segments[SegmentOf(id)].load(std::memory_order_relaxed);
  return *reinterpret_cast<const format::SiteNode*>(base + std::uintptr_t{id} * sizeof(format::SiteNode));
}

// Forgets all nodes and takes the first segment from `storage`. False: it has none.
bool SiteNodesInit(NodeStorage storage);
// A new node, or 0 where storage has no more room.
std::uint32_t SiteNodesAdd(std::uint64_t key, std::uint32_t parent);
std::uint64_t SiteNodesCount();

}  // namespace memtrace::preload
