// SPDX-License-Identifier: MIT
#include "preload/stack/rule_table.h"

#include <dlfcn.h>
#include <sys/mman.h>

#include "preload/base/arena.h"
#include "preload/base/syscalls.h"
#include "preload/stack/eh_frame.h"
#include "preload/stack/modules_internal.h"

namespace memtrace::preload {

constinit std::atomic<RuleTable*> g_rule_table{nullptr};

namespace {

constexpr std::uint32_t kFirstCapacity = 4096;
constexpr std::uint32_t kMaxCapacity = 1u << 28;

constinit std::atomic<bool> g_growing{false};

RuleTable* MapTable(std::uint32_t capacity) {
  auto* table = static_cast<RuleTable*>(MapPrivate(sizeof(RuleTable) + capacity * sizeof(RuleEntry)));
  if (table == nullptr) return nullptr;
  table->capacity = capacity;
  table->hash_shift = 64 - static_cast<std::uint32_t>(__builtin_ctz(capacity));
  return table;
}

bool IsFull(const RuleTable& table) {
  return table.used.load(std::memory_order_relaxed) > table.capacity / 8 * 5;
}

void Store(RuleTable& table, std::uint64_t key, UnwindRule rule) {
  const std::uint32_t mask = table.capacity - 1;
  auto slot = static_cast<std::uint32_t>((key * 0x9e3779b97f4a7c15ULL) >> table.hash_shift);
  for (std::uint32_t probes = 0; probes < table.capacity; ++probes, slot = (slot + 1) & mask) {
    RuleEntry& entry = table.entries()[slot];
    std::uint64_t found = entry.key.load(std::memory_order_acquire);
    if (found == 0) {
      if (IsFull(table) && table.used.load(std::memory_order_relaxed) > table.capacity / 8 * 7) return;
      if (entry.key.compare_exchange_strong(found, key, std::memory_order_acq_rel)) {
        table.used.fetch_add(1, std::memory_order_relaxed);
        found = key;
      }
    }
    if (found == key) {
      entry.rule.store(rule.bits(), std::memory_order_release);
      return;
    }
  }
}

// The old table's pages go back to the system but its addresses stay: a late reader sees an empty table.
void Retire(RuleTable& table) {
  const std::size_t bytes = table.capacity * sizeof(RuleEntry);
  const std::uintptr_t entries = reinterpret_cast<std::uintptr_t>(table.entries());
  const std::uintptr_t first_page = (entries + 4095) & ~std::uintptr_t{4095};
  sys::Call(SYS_madvise, static_cast<long>(first_page), static_cast<long>(entries + bytes - first_page),
            MADV_DONTNEED);
}

void Grow(RuleTable& old_table, std::uint64_t tag) {
  if (old_table.capacity >= kMaxCapacity || g_growing.exchange(true, std::memory_order_acquire)) return;
  if (g_rule_table.load(std::memory_order_acquire) == &old_table) {
    if (RuleTable* table = MapTable(old_table.capacity * 2); table != nullptr) {
      for (std::uint32_t i = 0; i < old_table.capacity; ++i) {
        const UnwindRule rule(old_table.entries()[i].rule.load(std::memory_order_acquire));
        const std::uint64_t key = old_table.entries()[i].key.load(std::memory_order_relaxed);
        if (rule.kind() != RuleKind::kUnknown && rule.tag() == tag) Store(*table, key, rule);
      }
      g_rule_table.store(table, std::memory_order_release);
      Retire(old_table);
    }
  }
  g_growing.store(false, std::memory_order_release);
}

UnwindRule ShapeOf(std::uint64_t key, std::uintptr_t pc, const dl_find_object& module) {
  UnwindRow row;
  const RowResult result = FindUnwindRow(pc, module, row);
  if (result == RowResult::kFound) return UnwindRule::FromRow(row);
  // A return address at which a function begins, and no code before it: nobody called from there. This is how
  // makecontext and others build the first frame of a stack.
  const bool is_return = (key & format::kExactBit) == 0;
  if (is_return && result == RowResult::kNoEntry && FindUnwindRow(pc + 1, module, row) == RowResult::kFound) {
    return UnwindRule::OfKind(RuleKind::kEnd);
  }
  return UnwindRule::OfKind(RuleKind::kGuess);
}

}  // namespace

bool RuleTableInit() {
  g_growing.store(false, std::memory_order_relaxed);
  if (g_rule_table.load(std::memory_order_relaxed) != nullptr) return true;
  g_rule_table.store(MapTable(kFirstCapacity), std::memory_order_release);
  return g_rule_table.load(std::memory_order_relaxed) != nullptr;
}

UnwindRule MakeRule(std::uint64_t key, std::uint64_t tag, bool may_store, bool trusted) {
  const std::uintptr_t pc = (key & format::kPcMask) - ((key & format::kExactBit) != 0 ? 0 : 1);
  const ModuleReader reader;
  if (!reader.modules_stay() && !trusted && !IsPermanentCode(pc)) return UnwindRule::OfKind(RuleKind::kGuess);
  dl_find_object found;
  if (_dl_find_object(reinterpret_cast<void*>(pc), &found) != 0)
    return UnwindRule::OfKind(RuleKind::kGuess).With(0, tag);

  const UnwindRule shape = ShapeOf(key, pc, found);
  const UnwindRule rule = shape.With(ModuleGeneration(found, ModulesStamp()), tag);
  if (may_store) {
    RuleTable& table = *g_rule_table.load(std::memory_order_acquire);
    Store(table, key, rule);
    if (IsFull(table)) Grow(table, tag);
  }
  return rule;
}

void RuleTableDropOld(std::uint64_t current_tag) {
  RuleTable& table = *g_rule_table.load(std::memory_order_acquire);
  for (std::uint32_t i = 0; i < table.capacity; ++i) {
    const UnwindRule rule(table.entries()[i].rule.load(std::memory_order_acquire));
    if (rule.kind() != RuleKind::kUnknown && rule.tag() != current_tag)
      table.entries()[i].rule.store(0, std::memory_order_release);
  }
}

}  // namespace memtrace::preload
