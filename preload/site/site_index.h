// SPDX-License-Identifier: MIT
// Path hash → node id: the hash table in front of the site nodes.
//
//   slots   [tag 32 | id 32] [ 0 ] [tag | id] …        open addressing; tag = upper half of the path hash,
//                                                      whose own upper bits choose the slot
//   table ──previous──► the table that it replaces, emptied slot by slot by whoever adds nodes, then retired
//
// An entry is only a hint: the node itself says whether it is (key, parent). So a lost entry costs an equal
// second node and a wrong one cannot be believed.
// Thread-safety: lock-free but for growth, where others wait only if the table is nearly full.
#pragma once

#include <atomic>
#include <cstdint>

#include "preload/site/site_nodes.h"

namespace memtrace::preload {

struct SiteIndexTable {
  std::uint32_t tag_shift;  // 32 - log2(capacity)
  std::uint32_t capacity;
  std::atomic<std::uint32_t> used;
  std::atomic<std::uint32_t> moving;  // as a previous table: slots that somebody has taken on to move,
  std::atomic<std::uint32_t> moved;   // and slots that have been moved
  std::uint32_t reserved;
  std::atomic<SiteIndexTable*> previous;
  std::uint64_t padding[4];  // slots start at a cache line

  std::atomic<std::uint64_t>* slots() { return reinterpret_cast<std::atomic<std::uint64_t>*>(this + 1); }
  const std::atomic<std::uint64_t>* slots() const {
    return reinterpret_cast<const std::atomic<std::uint64_t>*>(this + 1);
  }
  std::uint32_t FirstSlot(std::uint64_t path_hash) const {
    return static_cast<std::uint32_t>(path_hash >> 32) >> tag_shift;
  }
};
static_assert(sizeof(SiteIndexTable) == 64);

extern constinit std::atomic<SiteIndexTable*> g_site_index;

bool SiteIndexInit();
// Only where no other thread exists.
void SiteIndexDiscard();

inline std::uint32_t SiteIndexFindIn(const SiteIndexTable& table, std::uint64_t path_hash, std::uint64_t key,
                                     std::uint32_t parent) {
  const std::uint32_t mask = table.capacity - 1;
  for (std::uint32_t slot = table.FirstSlot(path_hash);; slot = (slot + 1) & mask) {
    const std::uint64_t entry = table.slots()[slot].load(std::memory_order_acquire);
    if (__builtin_expect(((entry ^ path_hash) >> 32) == 0, 1)) {
      const auto id = static_cast<std::uint32_t>(entry);
      const format::SiteNode& node = SiteNodeAt(id);
      if (__builtin_expect(node.key == key && node.parent == parent && id != 0, 1)) return id;
    }
    if (entry == 0) return 0;
  }
}

// The id of the node (parent, key), or 0.
inline std::uint32_t SiteIndexFind(std::uint64_t path_hash, std::uint64_t key, std::uint32_t parent) {
  const SiteIndexTable& table = *g_site_index.load(std::memory_order_acquire);
  const std::uint32_t id = SiteIndexFindIn(table, path_hash, key, parent);
  if (__builtin_expect(id != 0, 1)) return id;
  const SiteIndexTable* previous = table.previous.load(std::memory_order_acquire);
  return previous == nullptr ? 0 : SiteIndexFindIn(*previous, path_hash, key, parent);
}

// False: no memory for a larger table.
bool SiteIndexAdd(std::uint64_t path_hash, std::uint32_t id);

inline void SiteIndexPrefetch(std::uint64_t path_hash) {
  const SiteIndexTable& table = *g_site_index.load(std::memory_order_acquire);
  __builtin_prefetch(&table.slots()[table.FirstSlot(path_hash)]);
}

}  // namespace memtrace::preload
