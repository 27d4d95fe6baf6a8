// SPDX-License-Identifier: MIT
// pc → UnwindRule for every pc met so far: a global hash table that is read without locks on every step.
//
//   entries  [frame pc | rule] [ 0 | 0 ] [frame pc | rule] …       open addressing, linear probing
//              └ set once by compare-and-swap  └ 0 until known; rewritten when its tag is of an old epoch
//
// Thread-safety: all threads, no locks. The key is published before its rule; a reader that sees rule 0 or an
// old tag makes the rule itself, and whoever stores it stores the same. A full table is replaced by one twice
// as large; entries that other threads add to the old one meanwhile are lost, that is, made again.
// Code outside all modules (a JIT's) gets no entry, so programs that generate code for ever stay bounded.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "memtrace/trace_format.h"
#include "preload/stack/unwind_rule.h"

namespace memtrace::preload {

struct RuleEntry {
  std::atomic<std::uint64_t> key;  // pc, with format::kExactBit where it was interrupted
  std::atomic<std::uint64_t> rule;
};

struct RuleTable {
  std::uint32_t hash_shift;  // 64 - log2(capacity)
  std::uint32_t capacity;
  std::atomic<std::uint32_t> used;
  std::uint32_t reserved[13];  // entries start at a cache line

  RuleEntry* entries() { return reinterpret_cast<RuleEntry*>(this + 1); }
  const RuleEntry* entries() const { return reinterpret_cast<const RuleEntry*>(this + 1); }
};
static_assert(sizeof(RuleTable) == 64);

extern constinit std::atomic<RuleTable*> g_rule_table;

bool RuleTableInit();

// The rule of a frame, made now; not stored while modules are changing. `trusted`: the pc is certainly code
// that is being executed, not one found by a guess.
UnwindRule MakeRule(std::uint64_t key, std::uint64_t tag, bool may_store, bool trusted);

inline constexpr std::uint64_t kRuleKeyMask = format::kPcMask | format::kExactBit;

// The stored rule of a frame, or one of kind kUnknown or of another tag.
inline UnwindRule FindRule(std::uint64_t key) {
  const RuleTable& table = *g_rule_table.load(std::memory_order_acquire);
  const std::uint32_t mask = table.capacity - 1;
  auto slot = static_cast<std::uint32_t>((key * 0x9e3779b97f4a7c15ULL) >> table.hash_shift);
  for (;; slot = (slot + 1) & mask) {
    const RuleEntry& entry = table.entries()[slot];
    const std::uint64_t found = entry.key.load(std::memory_order_acquire);
    if (__builtin_expect(found == key, 1)) return UnwindRule(entry.rule.load(std::memory_order_acquire));
    if (found == 0) return UnwindRule();
  }
}

// Forgets all rules whose tag is not the current one; called before tags repeat.
void RuleTableDropOld(std::uint64_t current_tag);

}  // namespace memtrace::preload
