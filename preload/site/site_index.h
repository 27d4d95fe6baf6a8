// SPDX-License-Identifier: MIT
// Path hash → node id: the hash table in front of the site nodes.
//
//   slots   [path hash 64 | parent 32 | id 32] [ 0 ] […]    open addressing; the upper half of the hash
//   chooses
//                                                           the slot
//   table ──previous──► the table that it replaces, emptied slot by slot by whoever adds nodes, then retired
//
// The entry alone says for certain whether it is the node (parent, key), so a lookup touches one cache line:
// a path hash is a one-to-one function of (parent's path hash) ^ key, and equal parents have equal path
// hashes, so equal parents and equal path hashes mean equal keys. An entry added to a table that is being
// replaced may be lost; that costs an equal second node. Thread-safety: lock-free but for growth, where
// others wait only if the table is nearly full.
#pragma once

#include <atomic>
#include <cstdint>

#include "preload/site/site_nodes.h"

namespace memtrace::preload {

// Written once, both words at the same moment. id 0: empty.
struct alignas(16) SiteIndexEntry {
  std::uint64_t path_hash;
  std::uint64_t parent_and_id;  // parent << 32 | id

  static SiteIndexEntry Of(std::uint64_t path_hash, std::uint32_t parent, std::uint32_t id) {
    return {path_hash, std::uint64_t{parent} << 32 | id};
  }
  std::uint32_t parent() const { return static_cast<std::uint32_t>(parent_and_id >> 32); }
  std::uint32_t id() const { return static_cast<std::uint32_t>(parent_and_id); }

  // Seen while it is being written, it may be empty yet, but never half of one node and half of another.
  SiteIndexEntry Load() const {
    auto* self = const_cast<SiteIndexEntry*>(this);
    const std::uint64_t hash =
        std::atomic_ref<std::uint64_t>(self->path_hash).load(std::memory_order_acquire);
    return {hash, std::atomic_ref<std::uint64_t>(self->parent_and_id).load(std::memory_order_acquire)};
  }
  bool IsNode(std::uint64_t hash, std::uint32_t parent_id) const {
    return path_hash == hash && parent() == parent_id && id() != 0;
  }
};

struct SiteIndexTable {
  std::uint32_t capacity;
  std::atomic<std::uint32_t> used;
  std::atomic<std::uint32_t> moving;  // as a previous table: slots that somebody has taken on to move,
  std::atomic<std::uint32_t> moved;   // and slots that have been moved
  std::atomic<SiteIndexTable*> previous;
  std::uint64_t padding[5];  // slots start at a cache line

  SiteIndexEntry* slots() { return reinterpret_cast<SiteIndexEntry*>(this + 1); }
  const SiteIndexEntry* slots() const { return reinterpret_cast<const SiteIndexEntry*>(this + 1); }
  // Any capacity will do: the hash as a fraction of it.
  std::uint32_t FirstSlot(std::uint64_t path_hash) const {
    return static_cast<std::uint32_t>((path_hash >> 32) * capacity >> 32);
  }
  std::uint32_t NextSlot(std::uint32_t slot) const { return slot + 1 == capacity ? 0 : slot + 1; }
};
static_assert(sizeof(SiteIndexTable) == 64);

extern constinit std::atomic<SiteIndexTable*> g_site_index;

bool SiteIndexInit();
// Only where no other thread exists.
void SiteIndexDiscard();

inline std::uint32_t SiteIndexFindIn(const SiteIndexTable& table, std::uint64_t path_hash,
                                     std::uint32_t parent) {
  for (std::uint32_t slot = table.FirstSlot(path_hash);; slot = table.NextSlot(slot)) {
    const SiteIndexEntry entry = table.slots()[slot].Load();
    if (__builtin_expect(entry.IsNode(path_hash, parent), 1)) return entry.id();
    if (entry.id() == 0) return 0;
  }
}

// The id of the parent's child with that path hash, or 0.
inline std::uint32_t SiteIndexFind(std::uint64_t path_hash, std::uint32_t parent) {
  const SiteIndexTable& table = *g_site_index.load(std::memory_order_acquire);
  const std::uint32_t id = SiteIndexFindIn(table, path_hash, parent);
  if (__builtin_expect(id != 0, 1)) return id;
  const SiteIndexTable* previous = table.previous.load(std::memory_order_acquire);
  return previous == nullptr ? 0 : SiteIndexFindIn(*previous, path_hash, parent);
}

// The id that lookups find from then on: `id`, or the one that another thread has just added for the same
// node. 0: no memory for a larger table.
std::uint32_t SiteIndexAdd(std::uint64_t path_hash, std::uint32_t parent, std::uint32_t id);

inline void SiteIndexPrefetch(std::uint64_t path_hash) {
  const SiteIndexTable& table = *g_site_index.load(std::memory_order_acquire);
  __builtin_prefetch(&table.slots()[table.FirstSlot(path_hash)]);
}

}  // namespace memtrace::preload
