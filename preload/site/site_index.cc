// SPDX-License-Identifier: MIT
#include "preload/site/site_index.h"

#include <atomic>
#include <cstddef>

#include "preload/base/arena.h"
#include "preload/base/syscalls.h"
#include "preload/site/site_nodes.h"

namespace memtrace::preload {

constinit std::atomic<SiteIndexTable*> g_site_index{nullptr};

namespace {

using Table = SiteIndexTable;

constexpr std::uint32_t kMoveBatch = 64;  // capacities are multiples of it
constexpr std::uint32_t kFirstCapacity = 4096;
constexpr std::uint32_t kMaxCapacity = 1u << 31;

constinit std::atomic<bool> g_growing{false};

std::size_t TableBytes(std::uint32_t capacity) {
  return sizeof(Table) + capacity * sizeof(SiteIndexEntry);
}
// A lookup that finds its node in the first slot is one that the processor has foreseen; so the table is half
// full, give or take: 26 to 38 bytes a node. It grows by halves to stay near that.
std::uint32_t GrowAt(const Table& table) {
  return table.capacity / 8 * 5;
}
std::uint32_t GrownCapacity(const Table& table) {
  return (table.capacity + table.capacity / 2) / kMoveBatch * kMoveBatch;
}
std::uint32_t WaitAt(const Table& table) {
  return table.capacity / 16 * 15;
}

Table* MapTable(std::uint32_t capacity) {
  auto* table = static_cast<Table*>(MapPrivate(TableBytes(capacity)));
  if (table == nullptr) return nullptr;
  table->capacity = capacity;
  return table;
}

// Puts the entry into the slot if that is empty, in one step.
bool Claim(SiteIndexEntry& slot, const SiteIndexEntry& entry) {
  std::uint64_t low = 0, high = 0;  // what an empty slot holds
  bool claimed;
  asm volatile("lock cmpxchg16b %1"
               : "=@ccz"(claimed), "+m"(slot), "+a"(low), "+d"(high)
               : "b"(entry.path_hash), "c"(entry.parent_and_id)
               : "memory");
  return claimed;
}

// The id that stands for the entry's node from now on: another one if another thread was faster.
std::uint32_t AddTo(Table& table, const SiteIndexEntry& entry) {
  for (std::uint32_t slot = table.FirstSlot(entry.path_hash);; slot = table.NextSlot(slot)) {
    if (table.slots()[slot].Load().id() == 0 && Claim(table.slots()[slot], entry)) {
      table.used.fetch_add(1, std::memory_order_relaxed);
      return entry.id();
    }
    const SiteIndexEntry there = table.slots()[slot].Load();
    if (there.IsNode(entry.path_hash, entry.parent())) return there.id();
  }
}

// A late reader of a retired table finds it empty; its head stays, with its addresses.
void Retire(Table& table) {
  constexpr std::size_t kPageBytes = 4096;
  const std::size_t pages = (TableBytes(table.capacity) + kPageBytes - 1) / kPageBytes;
  DropPrivate(reinterpret_cast<char*>(&table) + kPageBytes, (pages - 1) * kPageBytes);
}

// Moves one batch of the table that `table` replaces. False: nothing left to take on.
bool MoveBatch(Table& table) {
  Table* previous = table.previous.load(std::memory_order_acquire);
  if (previous == nullptr) return false;
  const std::uint32_t first = previous->moving.fetch_add(kMoveBatch, std::memory_order_relaxed);
  if (first >= previous->capacity) {
    previous->moving.store(previous->capacity, std::memory_order_relaxed);  // lest it wrap round
    return false;
  }
  for (std::uint32_t i = 0; i < kMoveBatch; ++i) {
    const SiteIndexEntry entry = previous->slots()[first + i].Load();
    if (entry.id() != 0) AddTo(table, entry);
  }
  const std::uint32_t moved = previous->moved.fetch_add(kMoveBatch, std::memory_order_acq_rel) + kMoveBatch;
  if (moved == previous->capacity) {
    table.previous.store(nullptr, std::memory_order_release);
    Retire(*previous);
  }
  return true;
}

// Puts a larger table in front of `table`, once its own predecessor is moved. False: no memory.
bool Grow(Table& table) {
  if (table.capacity >= kMaxCapacity) return false;
  if (table.previous.load(std::memory_order_acquire) != nullptr) {
    if (!MoveBatch(table)) sys::Call(SYS_sched_yield);  // the last batches are in other hands
    return true;
  }
  if (g_growing.exchange(true, std::memory_order_acquire)) return true;
  bool done = true;
  if (g_site_index.load(std::memory_order_acquire) == &table) {
    Table* larger = MapTable(GrownCapacity(table));
    done = larger != nullptr;
    if (done) {
      larger->previous.store(&table, std::memory_order_relaxed);
      g_site_index.store(larger, std::memory_order_release);
    }
  }
  g_growing.store(false, std::memory_order_release);
  return done;
}

}  // namespace

bool SiteIndexInit() {
  g_growing.store(false, std::memory_order_relaxed);
  g_site_index.store(MapTable(kFirstCapacity), std::memory_order_release);
  return g_site_index.load(std::memory_order_relaxed) != nullptr;
}

void SiteIndexDiscard() {
  Table* table = g_site_index.exchange(nullptr, std::memory_order_acq_rel);
  while (table != nullptr) {
    Table* previous = table->previous.load(std::memory_order_relaxed);
    UnmapPrivate(table, TableBytes(table->capacity));
    table = previous;
  }
}

std::uint32_t SiteIndexAdd(std::uint64_t path_hash, std::uint32_t parent, std::uint32_t id) {
  for (;;) {
    Table& table = *g_site_index.load(std::memory_order_acquire);
    const std::uint32_t used = table.used.load(std::memory_order_relaxed);
    if (used >= GrowAt(table) && !Grow(table)) return 0;
    if (used >= WaitAt(table)) {
      sys::Call(SYS_sched_yield);  // somebody is making a larger one
      continue;
    }
    // The caller has not found it; but that may be a while ago, and two tables.
    const Table* previous = table.previous.load(std::memory_order_acquire);
    std::uint32_t known = previous != nullptr ? SiteIndexFindIn(*previous, path_hash, parent) : 0;
    if (known == 0) known = AddTo(table, SiteIndexEntry::Of(path_hash, parent, id));
    MoveBatch(table);
    return known;
  }
}

}  // namespace memtrace::preload
