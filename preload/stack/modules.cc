// SPDX-License-Identifier: MIT
#include "preload/stack/modules.h"

#include <link.h>

#include "memtrace/trace_format.h"
#include "preload/base/arena.h"
#include "preload/stack/elf_image.h"
#include "preload/stack/module_name.h"
#include "preload/stack/modules_internal.h"

namespace memtrace::preload {

namespace {

// A module that code has run in. Never removed: it may come back, and its generation must stay taken.
struct Module {
  ModuleInfo info;
  std::uintptr_t map_start;
  std::uintptr_t map_end;
  const char* link_name;                      // as the dynamic linker calls it
  std::atomic<const link_map*> link;          // where it was last seen loaded,
  std::atomic<std::uint64_t> verified_stamp;  // and when that was known to be this very module
  Module* next;                               // met before this one
};

constinit std::atomic<Module*> g_modules{nullptr};
constinit std::atomic<std::uint32_t> g_next_id{0};
constinit std::atomic<ModuleSink> g_sink{nullptr};
constinit std::atomic<ModuleMet> g_met{nullptr};
constinit std::atomic<std::uint32_t> g_permanent_count{0};  // modules with lower ids never go

bool SameText(const char* a, const char* b) {
  for (; *a == *b; ++a, ++b) {
    if (*a == '\0') return true;
  }
  return false;
}

std::size_t Length(const char* text) {
  return __builtin_strlen(text);
}

bool IsSameModule(const Module& module, const dl_find_object& found, const ElfImage& image) {
  return module.map_start == reinterpret_cast<std::uintptr_t>(found.dlfo_map_start) &&
         module.map_end == reinterpret_cast<std::uintptr_t>(found.dlfo_map_end) &&
         module.info.load_bias == found.dlfo_link_map->l_addr &&
         module.info.build_id_bytes ==
             (image.build_id_bytes < kMaxBuildIdBytes ? image.build_id_bytes : kMaxBuildIdBytes) &&
         __builtin_memcmp(module.info.build_id, image.build_id, module.info.build_id_bytes) == 0 &&
         SameText(module.link_name, found.dlfo_link_map->l_name);
}

void MarkVerified(Module& module, const link_map* link, std::uint64_t stamp) {
  if (ModulesInChange(stamp)) return;
  module.link.store(link, std::memory_order_relaxed);
  module.verified_stamp.store(stamp, std::memory_order_release);
}

// Memory that is never given back, in pieces; the rest of a nearly used up region is wasted.
void* AllocateForEver(std::size_t bytes) {
  struct alignas(16) Region {
    std::atomic<std::size_t> used;
    char* data() { return reinterpret_cast<char*>(this + 1); }
  };
  constexpr std::size_t kRegionBytes = 32 * 1024;
  static constinit std::atomic<Region*> current{nullptr};
  bytes = (bytes + 15) & ~std::size_t{15};
  if (bytes > kRegionBytes / 4) return MapPrivate(bytes);
  for (;;) {
    Region* region = current.load(std::memory_order_acquire);
    if (region != nullptr) {
      const std::size_t at = region->used.fetch_add(bytes, std::memory_order_relaxed);
      if (at + bytes <= kRegionBytes - sizeof(Region)) return region->data() + at;
    }
    auto* fresh = static_cast<Region*>(MapPrivate(kRegionBytes));
    if (fresh == nullptr) return nullptr;
    if (!current.compare_exchange_strong(region, fresh, std::memory_order_acq_rel))
      UnmapPrivate(fresh, kRegionBytes);
  }
}

// A module that knows its names only.
Module* NewModule(const dl_find_object& found) {
  char* path = MapArray<char>(kMaxModulePathBytes);  // not on the program's stack, which may be small
  if (path == nullptr) return nullptr;
  const char* link_name = found.dlfo_link_map->l_name;
  const std::size_t path_bytes = DescribeModule(link_name, path);
  const std::size_t name_bytes = Length(link_name);
  auto* module = static_cast<Module*>(AllocateForEver(sizeof(Module) + path_bytes + 1 + name_bytes + 1));
  if (module != nullptr) {
    char* text = reinterpret_cast<char*>(module + 1);
    __builtin_memcpy(text, path, path_bytes + 1);
    __builtin_memcpy(text + path_bytes + 1, link_name, name_bytes + 1);
    module->info.path = text;
    module->info.path_bytes = static_cast<std::uint16_t>(path_bytes);
    module->link_name = text + path_bytes + 1;
  }
  UnmapPrivate(path, kMaxModulePathBytes);
  return module;
}

Module* Register(const dl_find_object& found, const ElfImage& image, std::uint8_t generation,
                 std::uint64_t stamp) {
  Module* module = NewModule(found);
  if (module == nullptr) return nullptr;
  module->map_start = reinterpret_cast<std::uintptr_t>(found.dlfo_map_start);
  module->map_end = reinterpret_cast<std::uintptr_t>(found.dlfo_map_end);
  ModuleInfo& info = module->info;
  info.id = g_next_id.fetch_add(1, std::memory_order_relaxed);
  info.generation = generation;
  info.start = image.code_start;
  info.end = image.code_end;
  info.load_bias = found.dlfo_link_map->l_addr;
  info.build_id_bytes = static_cast<std::uint8_t>(
      image.build_id_bytes < kMaxBuildIdBytes ? image.build_id_bytes : kMaxBuildIdBytes);
  if (info.build_id_bytes != 0) __builtin_memcpy(info.build_id, image.build_id, info.build_id_bytes);
  MarkVerified(*module, found.dlfo_link_map, stamp);
  module->next = g_modules.load(std::memory_order_relaxed);
  while (!g_modules.compare_exchange_weak(module->next, module, std::memory_order_acq_rel)) {
  }
  return module;
}

void Meet(const dl_find_object& found) {
  if (const ModuleMet met = g_met.load(std::memory_order_acquire); met != nullptr) met(found);
}

std::uint8_t IdentifyModule(const dl_find_object& found, std::uint64_t stamp) {
  const ElfImage image = ReadElfImage(found);
  const auto start = reinterpret_cast<std::uintptr_t>(found.dlfo_map_start);
  const auto end = reinterpret_cast<std::uintptr_t>(found.dlfo_map_end);
  std::uint8_t generation = 0;
  bool replaced_unseen = false;
  bool overlaps = false;
  for (Module* module = g_modules.load(std::memory_order_acquire); module != nullptr; module = module->next) {
    if (module->map_end <= start || module->map_start >= end) continue;
    if (IsSameModule(*module, found, image)) {
      MarkVerified(*module, found.dlfo_link_map, stamp);
      Meet(found);
      return module->info.generation;
    }
    if (!overlaps || module->info.generation >= generation) generation = module->info.generation;
    overlaps = true;
    replaced_unseen |= module->verified_stamp.load(std::memory_order_acquire) == stamp;
  }
  constexpr std::uint8_t kLastGeneration =
      format::kPythonGeneration - 1;  // more libraries than that share it
  if (overlaps && generation < kLastGeneration) ++generation;
  // glibc closes modules of its own (gconv) without our seeing it; their rules must go as well.
  if (replaced_unseen && !ModulesInChange(stamp)) NoteUnseenChange();
  const Module* module = Register(found, image, generation, stamp);
  const ModuleSink sink = g_sink.load(std::memory_order_acquire);
  if (module != nullptr && sink != nullptr) sink(module->info);
  Meet(found);
  return generation;
}

int ReportLoaded(dl_phdr_info* info, std::size_t, void*) {
  for (unsigned i = 0; i < info->dlpi_phnum; ++i) {
    const auto& header = info->dlpi_phdr[i];
    if (header.p_type != PT_LOAD || (header.p_flags & PF_X) == 0) continue;
    dl_find_object found;
    if (_dl_find_object(reinterpret_cast<void*>(info->dlpi_addr + header.p_vaddr), &found) == 0) {
      ModuleGeneration(found, ModulesStamp());
    }
    break;
  }
  return 0;
}

// Whether we came with the program: preloaded or linked, so before libc in the order of loading. Then what is
// loaded so far is the program's own and never goes; had we been opened by dlopen, it might.
bool LoadedWithTheProgram() {
  dl_find_object own;
  dl_find_object libc;
  if (_dl_find_object(&g_sink, &own) != 0) return false;
  if (_dl_find_object(reinterpret_cast<void*>(&dl_iterate_phdr), &libc) != 0) return false;
  const link_map* map = own.dlfo_link_map;
  while (map != nullptr && map != libc.dlfo_link_map) map = map->l_next;
  return map != nullptr;
}

}  // namespace

bool ModulesInit(ModuleSink sink) {
  g_sink.store(sink, std::memory_order_release);
  dl_iterate_phdr(ReportLoaded, nullptr);
  const std::uint32_t loaded = g_next_id.load(std::memory_order_relaxed);
  g_permanent_count.store(LoadedWithTheProgram() ? loaded : 0, std::memory_order_relaxed);
  return g_modules.load(std::memory_order_acquire) != nullptr;
}

void SetModuleMet(ModuleMet met) {
  g_met.store(met, std::memory_order_release);
}

void ModulesResetAfterFork() {
  EndChangesAfterFork();
  const ModuleSink sink = g_sink.load(std::memory_order_acquire);
  if (sink == nullptr) return;
  for (Module* module = g_modules.load(std::memory_order_acquire); module != nullptr; module = module->next) {
    sink(module->info);
  }
}

bool IsPermanentCode(std::uintptr_t pc) {
  const std::uint32_t permanent = g_permanent_count.load(std::memory_order_relaxed);
  for (const Module* module = g_modules.load(std::memory_order_acquire); module != nullptr;
       module = module->next) {
    if (module->info.id < permanent && pc >= module->info.start && pc < module->info.end) return true;
  }
  return false;
}

std::uint8_t ModuleGeneration(const dl_find_object& found, std::uint64_t stamp) {
  if (!ModulesInChange(stamp)) {
    for (Module* module = g_modules.load(std::memory_order_acquire); module != nullptr;
         module = module->next) {
      if (module->verified_stamp.load(std::memory_order_acquire) == stamp &&
          module->link.load(std::memory_order_relaxed) == found.dlfo_link_map &&
          module->map_start == reinterpret_cast<std::uintptr_t>(found.dlfo_map_start)) {
        return module->info.generation;
      }
    }
  }
  return IdentifyModule(found, stamp);
}

}  // namespace memtrace::preload
