// SPDX-License-Identifier: MIT
#include "preload/python/allocator_table.h"

#include <link.h>

#include "preload/base/arena.h"
#include "preload/stack/stack_memory.h"

namespace memtrace::preload {
namespace {

// CPython's PyMemAllocatorDomain.
constexpr int kMemDomain = 1;
constexpr int kObjectDomain = 2;

int DomainOf(PythonTable table) {
  return table == PythonTable::kMem ? kMemDomain : kObjectDomain;
}

template <typename Function>
std::uintptr_t AsWord(Function* function) {
  return reinterpret_cast<std::uintptr_t>(function);
}

std::uintptr_t OurFunction(PythonTable table, const PythonHooks& hooks) {
  return table == PythonTable::kArena ? AsWord(hooks.arenas.alloc) : AsWord(hooks.blocks.malloc);
}

// Pieces of a page; each is used for ever. With the runtimes' lock held.
PythonInstallation* NewInstallation() {
  constexpr std::size_t kPieces = 4096 / sizeof(PythonInstallation);
  static constinit PythonInstallation* pieces = nullptr;
  static constinit std::size_t left = 0;
  if (left == 0) {
    pieces = MapArray<PythonInstallation>(kPieces);
    if (pieces == nullptr) return nullptr;
    left = kPieces;
  }
  --left;
  return pieces++;
}

// Whether an allocator's context begins with another allocator that is ours: tracemalloc's does, and that of
// PyMem_SetupDebugHooks after a letter.
bool LeadsToUs(const void* context, std::uintptr_t our_function) {
  const auto at = reinterpret_cast<std::uintptr_t>(context);
  if (at == 0 || (at & 7) != 0 || !IsReadable(at) || !IsReadable(at + 16)) return false;
  const auto* words = static_cast<const std::uintptr_t*>(context);
  return words[1] == our_function || words[2] == our_function;
}

struct InUse {
  const void* context;
  std::uintptr_t function;
};

InUse Current(const PythonRuntime& runtime, PythonTable table) {
  if (table == PythonTable::kArena) {
    PythonArenaAllocator now{};
    runtime.get_arena_allocator(&now);
    return {now.context, AsWord(now.alloc)};
  }
  PythonAllocator now{};
  runtime.get_allocator(DomainOf(table), &now);
  return {now.context, AsWord(now.malloc)};
}

}  // namespace

const std::uintptr_t* FindWordPair(const dl_find_object& module, std::uintptr_t first, std::uintptr_t second) {
  const auto start = reinterpret_cast<std::uintptr_t>(module.dlfo_map_start);
  const auto end = reinterpret_cast<std::uintptr_t>(module.dlfo_map_end);
  if (!IsReadable(start)) return nullptr;
  const auto* header = reinterpret_cast<const ElfW(Ehdr)*>(start);
  const auto* segments = reinterpret_cast<const ElfW(Phdr)*>(start + header->e_phoff);
  for (unsigned i = 0; i < header->e_phnum; ++i) {
    const ElfW(Phdr)& segment = segments[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) == 0) continue;
    const std::uintptr_t from = (module.dlfo_link_map->l_addr + segment.p_vaddr + 7) & ~std::uintptr_t{7};
    const std::uintptr_t to = module.dlfo_link_map->l_addr + segment.p_vaddr + segment.p_memsz;
    if (from < start || to > end) continue;
    for (std::uintptr_t at = from; at + 16 <= to; at += 8) {
      const auto* words = reinterpret_cast<const std::uintptr_t*>(at);
      if (words[0] == first && words[1] == second) return words + 1;
    }
  }
  return nullptr;
}

void InstallPythonHooks(PythonRuntime& runtime, PythonTable table, const PythonHooks& hooks,
                        const dl_find_object& module) {
  PythonInstallation* installation = NewInstallation();
  if (installation == nullptr) return;
  installation->runtime = &runtime;
  if (table == PythonTable::kArena) {
    runtime.get_arena_allocator(&installation->original_arena);
    PythonArenaAllocator ours = hooks.arenas;
    ours.context = installation;
    runtime.set_arena_allocator(&ours);
  } else {
    installation->kind =
        table == PythonTable::kMem ? format::AllocKind::kPythonMem : format::AllocKind::kPythonObject;
    runtime.get_allocator(DomainOf(table), &installation->original);
    PythonAllocator ours = hooks.blocks;
    ours.context = installation;
    runtime.set_allocator(DomainOf(table), &ours);
  }
  PythonWatch& watch = runtime.watches[static_cast<unsigned>(table)];
  const std::uintptr_t function = OurFunction(table, hooks);
  watch.accepted.store(function, std::memory_order_relaxed);
  if (watch.slot == nullptr)
    watch.slot = FindWordPair(module, reinterpret_cast<std::uintptr_t>(installation), function);
}

bool RestorePythonHooks(PythonRuntime& runtime, PythonTable table, const PythonHooks& hooks) {
  PythonWatch& watch = runtime.watches[static_cast<unsigned>(table)];
  if (watch.IsAsLeft()) return false;
  const InUse now = Current(runtime, table);
  const std::uintptr_t ours = OurFunction(table, hooks);
  if (now.function == ours || LeadsToUs(now.context, ours)) {
    watch.accepted.store(now.function, std::memory_order_relaxed);
    return false;
  }
  InstallPythonHooks(runtime, table, hooks, runtime.module);
  return true;
}

}  // namespace memtrace::preload
