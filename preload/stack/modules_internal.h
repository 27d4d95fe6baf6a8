// SPDX-License-Identifier: MIT
// What the rest of stack/ needs to know of modules: the stamp of their state, and the module of a pc.
#pragma once

#include <dlfcn.h>

#include <atomic>
#include <cstdint>

#include "preload/stack/modules.h"
#include "preload/stack/unwind_rule.h"

namespace memtrace::preload {

// epoch << 16 | changes under way. Anything remembered is good while this is what it was.
extern constinit std::atomic<std::uint64_t> g_modules_stamp;

inline std::uint64_t ModulesStamp() {
  return g_modules_stamp.load(std::memory_order_acquire);
}
constexpr bool ModulesInChange(std::uint64_t stamp) {
  return (stamp & 0xffff) != 0;
}
constexpr std::uint64_t RuleTagOf(std::uint64_t stamp) {
  return (stamp >> 16 << UnwindRule::kTagShift) & UnwindRule::kTagMask;
}

// A module was replaced without anybody telling us: a new epoch, as after ModulesChanged.
void NoteUnseenChange();
// In a child after fork: a new epoch, and whatever other threads had under way has ended.
void EndChangesAfterFork();

// Reports all loaded modules to the sink, which later hears of new ones. False: no memory.
bool ModulesInit(ModuleSink sink);
// Reports every module known so far again, under its old id, and starts a new epoch.
void ModulesResetAfterFork();

// The generation of a module that code at `pc` belongs to; registers the module if it is new.
std::uint8_t ModuleGeneration(const dl_find_object& found, std::uint64_t stamp);

// Whether pc is in a module that the program was started with. Those stay.
bool IsPermanentCode(std::uintptr_t pc);

// Held while a rule is made, that is, while a module's tables are read. While modules_stay() is false, pcs
// that may be wrong must be looked up in permanent modules only: another module may be on its way out.
class ModuleReader {
 public:
  ModuleReader();
  ~ModuleReader();
  ModuleReader(const ModuleReader&) = delete;
  ModuleReader& operator=(const ModuleReader&) = delete;
  bool modules_stay() const { return modules_stay_; }

 private:
  bool modules_stay_;
};

}  // namespace memtrace::preload
