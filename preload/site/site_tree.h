// SPDX-License-Identifier: MIT
// The call-site tree: (parent node, frame key) → node id, append-only, shared by all threads.
//
//   node 0 (the empty stack)                     storage, parts of the mapped trace file
//    ├─ 1  _start                                 segment 0: ids 0..4095
//    │   └─ 2  main                               segment 1: ids 4096..8191
//    │       ├─ 3  parse  ─ 4  malloc's caller    segment 2: ids 8192..16383, and so on, doubling
//    │       └─ 5  print  ─ …
//
// A node id names a whole stack. Nodes lie in the trace file itself, so ids stay valid after a kill and
// nothing has to be written out. SiteIndex finds a node by the hash of its whole path.
//
// Thread-safety: all but SiteTreeInit and SiteTreeReset may be called by any thread at any time. Two threads
// that add the same node at the same moment may make two; readers of the trace treat equal nodes as one.
#pragma once

#include <cstdint>

#include "memtrace/trace_format.h"

namespace memtrace::preload {

// Where nodes are kept. `grow` returns zeroed room for the nodes [first_id, first_id + capacity), which stays
// valid for ever, or null: then no node is ever added again and lookups of new ones return 0.
// It is called by one thread at a time, from inside a capture.
// `filled`, if there is one, is told of nodes that the tree will hardly look at again: it finds them by its index, and
// late writers are rare. They must stay valid, but need not stay in memory. Any thread may call it.
struct NodeStorage {
  format::SiteNode* (*grow)(std::uint32_t first_id, std::uint32_t capacity);
  void (*filled)(const format::SiteNode* first, std::uint32_t count) = nullptr;
};

bool SiteTreeInit(NodeStorage storage);
// In a child after fork: an empty tree in new storage. No other thread may be inside the tree.
bool SiteTreeReset(NodeStorage storage);
// Node ids handed out, node 0 included.
std::uint64_t SiteTreeNodeCount();

// The hash of a path grows by one frame at a time: child = SitePathHash(parent's, key), the root's is 0.
// One-to-one in parent's ^ key (an odd multiplier and a xor-shift can both be undone): SiteIndex relies on it.
// Multiplier: 2^64 / golden ratio, as in Knuth, TAOCP 3, 6.4 (multiplicative hashing).
constexpr std::uint64_t SitePathHash(std::uint64_t parent_hash, std::uint64_t key) {
  const std::uint64_t mixed = (parent_hash ^ key) * 0x9e3779b97f4a7c15ULL;
  return mixed ^ (mixed >> 29);
}

// The id of the parent's child with that path hash, or 0.
std::uint32_t SiteTreeFind(std::uint32_t parent, std::uint64_t path_hash);

// The id of the node (parent, key), added if it is new. 0 only if storage failed.
// path_hash must be SitePathHash of the parent's path hash and key. See site_lookup.h for an inline form.
std::uint32_t SiteTreeChild(std::uint32_t parent, std::uint64_t key, std::uint64_t path_hash);

}  // namespace memtrace::preload
