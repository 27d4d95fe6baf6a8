// SPDX-License-Identifier: MIT
// The executables and libraries that code has run in, and how long a pc means the same code.
//
//   time ──────────────────────────────────────────────────────────►
//   0x7f10.. ── plugin_a.so, generation 0 ──┤dlclose├── plugin_b.so, generation 1 ──┤├─ plugin_a.so, 0 ──
//
// A site node holds a pc and a generation, so equal pcs of different modules stay apart. The same module
// (build id, path and range) mapped again at the same place gets its old generation back.
//
// Thread-safety: everything may be called by any thread at any time. No lock is taken that dlopen holds.
#pragma once

#include <dlfcn.h>

#include <cstddef>
#include <cstdint>

namespace memtrace::preload {

inline constexpr std::size_t kMaxBuildIdBytes = 32;

struct ModuleInfo {
  std::uint32_t id;
  std::uint8_t generation;
  std::uint8_t build_id_bytes;
  std::uint16_t path_bytes;
  std::uintptr_t start;  // executable range
  std::uintptr_t end;
  std::uintptr_t load_bias;  // load_bias + ELF address = address in the process
  std::uint8_t build_id[kMaxBuildIdBytes];
  const char* path;  // absolute where the system tells; "[vdso]" for the kernel's code; NUL terminated
};

// Called when a module is first met, by whichever thread meets it, possibly inside a capture. Two threads may
// report the same module at the same moment, then under two ids.
using ModuleSink = void (*)(const ModuleInfo& module);

// Called with every module that is loaded when code of it is first seen, be it new or back again after a dlclose; as a
// ModuleSink otherwise. May be set once, at any time.
using ModuleMet = void (*)(const dl_find_object& module);
void SetModuleMet(ModuleMet met);

// Brackets for a real dlclose. In between, captures trust nothing they remember; afterwards every rule and
// every thread's prefix is dropped, lazily, at that thread's next capture. Calls may overlap and nest.
// Call both with the thread's guard set (no capture on this thread during the call itself).
void ModulesChanging();
void ModulesChanged();

}  // namespace memtrace::preload
