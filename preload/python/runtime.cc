// SPDX-License-Identifier: MIT
#include "preload/python/runtime.h"

#include <link.h>

#include "preload/base/spin_lock.h"
#include "preload/base/text.h"
#include "preload/python/allocator_table.h"
#include "preload/python/codes.h"
#include "preload/python/debug_offsets.h"
#include "preload/python/reuse.h"
#include "preload/python/symbols.h"
#include "preload/python/text.h"

namespace memtrace::preload {

constinit PythonRuntime g_python_runtimes[kMaxPythonRuntimes] = {};
constinit std::atomic<unsigned> g_python_runtime_count{0};

namespace {

constinit PythonSettings g_settings{};
constinit bool g_is_on = false;
constinit SpinLock g_lock{};

constexpr std::uint32_t kFinal = 0xf0;
constexpr std::uint32_t kCandidate = 0xc0;

unsigned ReadNumber(const char*& text) {
  unsigned number = 0;
  for (; *text >= '0' && *text <= '9'; ++text) number = number * 10 + static_cast<unsigned>(*text - '0');
  return number;
}

// "3.8.18 (default, …" as PY_VERSION_HEX.
std::uint32_t HexVersion(const char* text) {
  unsigned parts[3] = {};
  for (unsigned& part : parts) {
    part = ReadNumber(text);
    if (*text == '.') ++text;
  }
  const std::uint32_t level = *text == 'a' ? 0xa0 : *text == 'b' ? 0xb0 : *text == 'r' ? kCandidate : kFinal;
  return parts[0] << 24 | parts[1] << 16 | parts[2] << 8 | level;
}

std::uint32_t VersionOf(const ModuleSymbols& symbols) {
  if (const auto found = symbols.Find("Py_Version"); found.address != 0)  // from 3.11 on
    return static_cast<std::uint32_t>(*reinterpret_cast<const unsigned long*>(found.address));
  const char* (*get_version)() = nullptr;
  symbols.Get("Py_GetVersion", &get_version);
  return get_version != nullptr ? HexVersion(get_version()) : 0;
}

bool HasSize(std::uintptr_t type, const PythonOffsets& offsets, int bytes) {
  return type != 0 && PythonWord(type, offsets.type_basic_bytes) == static_cast<std::uintptr_t>(bytes);
}

// Why no stacks can be read; null: they can.
const char* WhyNoStacks(const PythonRuntime& runtime, const ModuleSymbols& symbols) {
  const PythonOffsets* offsets = runtime.offsets;
  if (symbols.Find("PyUnstable_Module_SetGIL").address != 0) return "a free-threaded build";
  if (offsets == nullptr) return "a version whose structures are not known";
  if ((runtime.hex_version & 0xf0) < kCandidate) return "not a release: its structures may differ";
  const bool can_ask = runtime.current_thread_state != nullptr && runtime.this_threads_state != nullptr &&
                       runtime.is_initialized != nullptr && runtime.bytes_type != 0;
  if (!can_ask) return "functions that we need are not exported";
  const bool is_as_known =
      HasSize(runtime.code_type, *offsets, offsets->code_basic_bytes) &&
      HasSize(symbols.Find("PyFrame_Type").address, *offsets, offsets->frame_basic_bytes) &&
      HasSize(runtime.text_type, *offsets, offsets->text_basic_bytes);
  if (!is_as_known) return "an unusual build: its structures are not of the usual size";
  if (runtime.hex_version < kFirstWithDebugOffsets) return nullptr;
  const auto block = symbols.Find("_PyRuntime");
  return CheckDebugOffsets(block.address, block.bytes, runtime.hex_version, *offsets);
}

void LookUp(const ModuleSymbols& symbols, PythonRuntime& runtime) {
  symbols.Get("PyMem_GetAllocator", &runtime.get_allocator);
  symbols.Get("PyMem_SetAllocator", &runtime.set_allocator);
  symbols.Get("PyObject_GetArenaAllocator", &runtime.get_arena_allocator);
  symbols.Get("PyObject_SetArenaAllocator", &runtime.set_arena_allocator);
  symbols.Get("_PyThreadState_UncheckedGet", &runtime.current_thread_state);
  if (runtime.current_thread_state == nullptr)  // from 3.13 on
    symbols.Get("PyThreadState_GetUnchecked", &runtime.current_thread_state);
  symbols.Get("PyGILState_GetThisThreadState", &runtime.this_threads_state);
  symbols.Get("Py_IsInitialized", &runtime.is_initialized);
  symbols.Get("_Py_IsFinalizing", &runtime.is_finalizing);
  if (runtime.is_finalizing == nullptr) symbols.Get("Py_IsFinalizing", &runtime.is_finalizing);
  LookUpReuse(symbols, runtime);
  runtime.code_type = symbols.Find("PyCode_Type").address;
  runtime.text_type = symbols.Find("PyUnicode_Type").address;
  runtime.bytes_type = symbols.Find("PyBytes_Type").address;
  const auto eval = symbols.Find("_PyEval_EvalFrameDefault");
  runtime.eval_start = eval.address;
  runtime.eval_end = eval.address + eval.bytes;
}

// A free place, or that of the same runtime, unloaded and now back. With the lock held.
PythonRuntime* PlaceFor(std::uintptr_t set_allocator) {
  const unsigned count = g_python_runtime_count.load(std::memory_order_relaxed);
  for (unsigned i = 0; i < count; ++i) {
    PythonRuntime& runtime = g_python_runtimes[i];
    if (reinterpret_cast<std::uintptr_t>(runtime.set_allocator) != set_allocator) continue;
    return runtime.phase.load(std::memory_order_relaxed) == PythonPhase::kGone ? &runtime : nullptr;
  }
  if (count == kMaxPythonRuntimes) return nullptr;
  return &g_python_runtimes[count];
}

void Support(const PythonRuntime& runtime) {
  const format::PythonSupport support =
      runtime.why_no_stacks == nullptr ? format::PythonSupport::kFull : format::PythonSupport::kNoStacks;
  g_settings.support({runtime.hex_version, support, runtime.why_no_stacks, format::PythonReuse::kUnseen});
}

void ReportReuse(const PythonRuntime& runtime) {
  if (runtime.reuse.state == format::PythonReuse::kUnseen) return;
  g_settings.support({runtime.hex_version, format::PythonSupport::kFull, nullptr, runtime.reuse.state});
}

// Hooks a runtime for the first time, or again what was reset.
void Check(PythonRuntime& runtime) {
  const PythonPhase phase = runtime.phase.load(std::memory_order_acquire);
  if (phase == PythonPhase::kFound) {
    const bool is_free_to_set =
        runtime.is_initialized == nullptr || runtime.is_initialized() == 0 || HoldsPythonLock(runtime);
    if (!is_free_to_set) return;
    const dl_find_object& module = runtime.module;
    for (PythonTable table : kPythonTables) InstallPythonHooks(runtime, table, g_settings.hooks, module);
    runtime.phase.store(PythonPhase::kHooked, std::memory_order_release);
    Support(runtime);
  } else if (phase == PythonPhase::kHooked && !runtime.IsAsLeft()) {
    if (runtime.is_initialized() != 0 && !HoldsPythonLock(runtime)) return;
    bool was_reset = false;
    for (PythonTable table : kPythonTables) was_reset |= RestorePythonHooks(runtime, table, g_settings.hooks);
    if (was_reset) PythonCodesForget();
  }
  if (phase == PythonPhase::kHooked && ReuseNeedsLook(runtime) && HoldsPythonLock(runtime) &&
      FollowReuse(runtime, g_settings.hooks.tracer))
    ReportReuse(runtime);
}

}  // namespace

void GiveUpPythonStacks(PythonRuntime& runtime, const char* reason) {
  if (!runtime.has_stacks.exchange(false)) return;
  runtime.why_no_stacks = reason;
  Support(runtime);
}

bool HoldsPythonLock(const PythonRuntime& runtime) {
  if (runtime.current_thread_state == nullptr || runtime.this_threads_state == nullptr) return false;
  const void* current = runtime.current_thread_state();
  return current != nullptr && (runtime.current_is_own || current == runtime.this_threads_state());
}

void PythonInit(const PythonSettings& settings) {
  g_settings = settings;
  g_is_on = true;
}

void PythonModuleMet(const dl_find_object& module) {
  if (!g_is_on || module.dlfo_link_map == nullptr) return;
  const ModuleSymbols symbols(*module.dlfo_link_map);
  const std::uintptr_t set_allocator = symbols.Find("PyMem_SetAllocator").address;
  if (set_allocator == 0) return;
  {
    SpinLockHolder hold(g_lock);
    PythonRuntime* const runtime = PlaceFor(set_allocator);
    if (runtime == nullptr) return;
    LookUp(symbols, *runtime);
    if (runtime->get_allocator == nullptr || runtime->get_arena_allocator == nullptr ||
        runtime->set_arena_allocator == nullptr)
      return;
    runtime->module = module;
    runtime->hex_version = VersionOf(symbols);
    runtime->offsets = FindPythonOffsets(static_cast<int>(runtime->hex_version >> 24),
                                         static_cast<int>(runtime->hex_version >> 16 & 0xff));
    runtime->current_is_own = runtime->hex_version >= 0x030c0000;
    runtime->why_no_stacks = WhyNoStacks(*runtime, symbols);
    runtime->has_stacks.store(runtime->why_no_stacks == nullptr, std::memory_order_relaxed);
    runtime->is_trusted.store(false, std::memory_order_relaxed);
    for (PythonWatch& watch : runtime->watches) watch.slot = nullptr;
    runtime->phase.store(PythonPhase::kFound, std::memory_order_release);
    const auto index = static_cast<unsigned>(runtime - g_python_runtimes);
    if (index == g_python_runtime_count.load(std::memory_order_relaxed))
      g_python_runtime_count.store(index + 1, std::memory_order_release);
  }
  g_settings.found();
}

bool PythonNeedsCheck() {
  const unsigned count = g_python_runtime_count.load(std::memory_order_acquire);
  for (unsigned i = 0; i < count; ++i) {
    const PythonRuntime& runtime = g_python_runtimes[i];
    const PythonPhase phase = runtime.phase.load(std::memory_order_acquire);
    if (phase == PythonPhase::kFound) return true;
    if (phase == PythonPhase::kHooked && (!runtime.IsAsLeft() || ReuseNeedsLook(runtime))) return true;
  }
  return false;
}

void CheckPythonRuntimes() {
  SpinLockHolder hold(g_lock);
  const unsigned count = g_python_runtime_count.load(std::memory_order_acquire);
  for (unsigned i = 0; i < count; ++i) Check(g_python_runtimes[i]);
}

void DropUnloadedPythonRuntimes() {
  SpinLockHolder hold(g_lock);
  const unsigned count = g_python_runtime_count.load(std::memory_order_acquire);
  for (unsigned i = 0; i < count; ++i) {
    PythonRuntime& runtime = g_python_runtimes[i];
    dl_find_object now;
    const bool is_loaded = _dl_find_object(reinterpret_cast<void*>(runtime.set_allocator), &now) == 0 &&
                           now.dlfo_link_map == runtime.module.dlfo_link_map;
    if (is_loaded || runtime.phase.load(std::memory_order_relaxed) == PythonPhase::kGone) continue;
    runtime.phase.store(PythonPhase::kGone, std::memory_order_release);
    PythonCodesForget();
  }
}

void ReportPythonRuntimes() {
  const unsigned count = g_python_runtime_count.load(std::memory_order_acquire);
  for (unsigned i = 0; i < count; ++i) {
    if (g_python_runtimes[i].phase.load(std::memory_order_acquire) != PythonPhase::kHooked) continue;
    Support(g_python_runtimes[i]);
    ReportReuse(g_python_runtimes[i]);
  }
}

}  // namespace memtrace::preload
