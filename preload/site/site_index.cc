// SPDX-License-Identifier: MIT
#include "preload/site/site_index.h"

#include <sys/mman.h>

#include <atomic>
#include <cstddef>

#include "preload/base/arena.h"
#include "preload/base/syscalls.h"
#include "preload/site/site_nodes.h"

namespace memtrace::preload {
namespace {

struct Table {
  std::uint32_t tag_shift;  // 32 - log2(capacity)
  std::uint32_t capacity;
  std::atomic<std::uint32_t> used;
  std::atomic<std::uint32_t> moving;  // as a previous table: slots that somebody has taken on to move,
  std::atomic<std::uint32_t> moved;   // and slots that have been moved
  std::uint32_t reserved;
  std::atomic<Table*> previous;
  std::uint64_t padding[4];  // slots start at a cache line

  std::atomic<std::uint64_t>* slots() { return reinterpret_cast<std::atomic<std::uint64_t>*>(this + 1); }
  const std::atomic<std::uint64_t>* slots() const {
    return reinterpret_cast<const std::atomic<std::uint64_t>*>(this + 1);
  }
};
static_assert(sizeof(Table) == 64);

constexpr std::uint32_t kFirstCapacity = 4096;
constexpr std::uint32_t kMaxCapacity = 1u << 31;
constexpr std::uint32_t kMoveBatch = 64;

constinit std::atomic<Table*> g_table{nullptr};
constinit std::atomic<bool> g_growing{false};

std::size_t TableBytes(std::uint32_t capacity) {
  return sizeof(Table) + capacity * sizeof(std::uint64_t);
}
std::uint32_t Tag(std::uint64_t path_hash) {
  return static_cast<std::uint32_t>(path_hash >> 32);
}
std::uint32_t FirstSlot(const Table& table, std::uint32_t tag) {
  return tag >> table.tag_shift;
}
// Linear probing stays short to about three quarters; the rest is for while a larger table is being made.
std::uint32_t GrowAt(const Table& table) {
  return table.capacity / 4 * 3;
}
std::uint32_t WaitAt(const Table& table) {
  return table.capacity / 16 * 15;
}

Table* MapTable(std::uint32_t capacity) {
  auto* table = static_cast<Table*>(MapPrivate(TableBytes(capacity)));
  if (table == nullptr) return nullptr;
  table->capacity = capacity;
  table->tag_shift = 32 - static_cast<std::uint32_t>(__builtin_ctz(capacity));
  return table;
}

std::uint32_t FindIn(const Table& table, std::uint32_t tag, std::uint64_t key, std::uint32_t parent) {
  const std::uint32_t mask = table.capacity - 1;
  for (std::uint32_t slot = FirstSlot(table, tag);; slot = (slot + 1) & mask) {
    const std::uint64_t entry = table.slots()[slot].load(std::memory_order_acquire);
    if (entry == 0) return 0;
    if (static_cast<std::uint32_t>(entry >> 32) != tag) continue;
    const auto id = static_cast<std::uint32_t>(entry);
    const format::SiteNode& node = SiteNodeAt(id);
    if (__builtin_expect(node.key == key && node.parent == parent, 1)) return id;
  }
}

void AddTo(Table& table, std::uint64_t entry) {
  const std::uint32_t mask = table.capacity - 1;
  std::uint32_t slot = FirstSlot(table, static_cast<std::uint32_t>(entry >> 32));
  for (;; slot = (slot + 1) & mask) {
    std::uint64_t empty = 0;
    if (table.slots()[slot].load(std::memory_order_relaxed) == 0 &&
        table.slots()[slot].compare_exchange_strong(empty, entry, std::memory_order_release)) {
      table.used.fetch_add(1, std::memory_order_relaxed);
      return;
    }
  }
}

// A late reader of a retired table finds it empty; its addresses stay, its memory goes.
void Retire(Table& table) {
  constexpr std::uintptr_t kPageBytes = 4096;
  const std::uintptr_t begin = reinterpret_cast<std::uintptr_t>(&table) + kPageBytes;
  const std::uintptr_t end = reinterpret_cast<std::uintptr_t>(&table) + TableBytes(table.capacity);
  sys::Call(SYS_madvise, static_cast<long>(begin), static_cast<long>(end - begin), MADV_DONTNEED);
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
    const std::uint64_t entry = previous->slots()[first + i].load(std::memory_order_acquire);
    if (entry != 0) AddTo(table, entry);
  }
  const std::uint32_t moved = previous->moved.fetch_add(kMoveBatch, std::memory_order_acq_rel) + kMoveBatch;
  if (moved == previous->capacity) {
    table.previous.store(nullptr, std::memory_order_release);
    Retire(*previous);
  }
  return true;
}

// Puts a table of twice the size in front of `table`, once its own predecessor is moved. False: no memory.
bool Grow(Table& table) {
  if (table.capacity >= kMaxCapacity) return false;
  if (table.previous.load(std::memory_order_acquire) != nullptr) {
    if (!MoveBatch(table)) sys::Call(SYS_sched_yield);  // the last batches are in other hands
    return true;
  }
  if (g_growing.exchange(true, std::memory_order_acquire)) return true;
  bool done = true;
  if (g_table.load(std::memory_order_acquire) == &table) {
    Table* larger = MapTable(table.capacity * 2);
    done = larger != nullptr;
    if (done) {
      larger->previous.store(&table, std::memory_order_relaxed);
      g_table.store(larger, std::memory_order_release);
    }
  }
  g_growing.store(false, std::memory_order_release);
  return done;
}

}  // namespace

bool SiteIndexInit() {
  g_growing.store(false, std::memory_order_relaxed);
  g_table.store(MapTable(kFirstCapacity), std::memory_order_release);
  return g_table.load(std::memory_order_relaxed) != nullptr;
}

void SiteIndexDiscard() {
  Table* table = g_table.exchange(nullptr, std::memory_order_acq_rel);
  while (table != nullptr) {
    Table* previous = table->previous.load(std::memory_order_relaxed);
    UnmapPrivate(table, TableBytes(table->capacity));
    table = previous;
  }
}

std::uint32_t SiteIndexFind(std::uint64_t path_hash, std::uint64_t key, std::uint32_t parent) {
  const Table& table = *g_table.load(std::memory_order_acquire);
  const std::uint32_t id = FindIn(table, Tag(path_hash), key, parent);
  if (__builtin_expect(id != 0, 1)) return id;
  const Table* previous = table.previous.load(std::memory_order_acquire);
  return previous == nullptr ? 0 : FindIn(*previous, Tag(path_hash), key, parent);
}

bool SiteIndexAdd(std::uint64_t path_hash, std::uint32_t id) {
  for (;;) {
    Table& table = *g_table.load(std::memory_order_acquire);
    const std::uint32_t used = table.used.load(std::memory_order_relaxed);
    if (used >= GrowAt(table) && !Grow(table)) return false;
    if (used >= WaitAt(table)) {
      sys::Call(SYS_sched_yield);  // somebody is making a larger one
      continue;
    }
    AddTo(table, (std::uint64_t{Tag(path_hash)} << 32) | id);
    MoveBatch(table);
    return true;
  }
}

void SiteIndexPrefetch(std::uint64_t path_hash) {
  const Table& table = *g_table.load(std::memory_order_acquire);
  __builtin_prefetch(&table.slots()[FirstSlot(table, Tag(path_hash))]);
}

}  // namespace memtrace::preload
