// SPDX-License-Identifier: MIT
// When a pc may have begun to mean other code: the stamp that everything remembered is compared with.
//
//   stamp  [ epoch 48 | changes under way 16 ]      ModulesChanging: +1      ModulesChanged: next epoch, -1
#include "preload/base/syscalls.h"
#include "preload/stack/modules_internal.h"
#include "preload/stack/rule_table.h"

namespace memtrace::preload {

namespace {
constexpr std::uint64_t kOneEpoch = 1u << 16;
constinit std::atomic<std::uint32_t> g_readers{0};
}  // namespace

constinit std::atomic<std::uint64_t> g_modules_stamp{kOneEpoch};

void NoteUnseenChange() {
  g_modules_stamp.fetch_add(kOneEpoch, std::memory_order_acq_rel);
}

void EndChangesAfterFork() {
  g_readers.store(0, std::memory_order_relaxed);
  const std::uint64_t epoch = g_modules_stamp.load(std::memory_order_relaxed) / kOneEpoch;
  g_modules_stamp.store((epoch + 1) * kOneEpoch, std::memory_order_release);
}

ModuleReader::ModuleReader() {
  g_readers.fetch_add(1, std::memory_order_seq_cst);
  modules_stay_ = !ModulesInChange(g_modules_stamp.load(std::memory_order_seq_cst));
}

ModuleReader::~ModuleReader() {
  g_readers.fetch_sub(1, std::memory_order_release);
}

void ModulesChanging() {
  g_modules_stamp.fetch_add(1, std::memory_order_seq_cst);
  // Whoever reads a module's tables now may do so for a guessed pc. Not for ever: a signal handler may have
  // jumped out of such a reading.
  constexpr int kMaxYields = 1000;
  for (int i = 0; i < kMaxYields && g_readers.load(std::memory_order_seq_cst) != 0; ++i)
    sys::Call(SYS_sched_yield);
}

void ModulesChanged() {
  std::uint64_t stamp = g_modules_stamp.load(std::memory_order_relaxed);
  std::uint64_t next = 0;
  do {
    // A child forked inside dlclose has forgotten that a change was under way.
    next = stamp + kOneEpoch - (ModulesInChange(stamp) ? 1 : 0);
  } while (!g_modules_stamp.compare_exchange_weak(stamp, next, std::memory_order_acq_rel));
  constexpr std::uint64_t kEpochsBetweenSweeps = 1024;  // tags repeat after 4096 epochs
  if (next / kOneEpoch % kEpochsBetweenSweeps == 0) RuleTableDropOld(RuleTagOf(next));
}

}  // namespace memtrace::preload
