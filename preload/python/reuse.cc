// SPDX-License-Identifier: MIT
#include "preload/python/reuse.h"

#include "preload/python/allocator_table.h"
#include "preload/python/symbols.h"
#include "preload/python/text.h"

namespace memtrace::preload {
namespace {

std::uintptr_t AsWord(PythonTracer function) {
  return reinterpret_cast<std::uintptr_t>(function);
}

bool IsCPythonsOwn(const PythonRuntime& runtime, PythonTracer function) {
  const std::uintptr_t address = AsWord(function);
  return address >= reinterpret_cast<std::uintptr_t>(runtime.module.dlfo_map_start) &&
         address < reinterpret_cast<std::uintptr_t>(runtime.module.dlfo_map_end);
}

}  // namespace

void LookUpReuse(const ModuleSymbols& symbols, PythonRuntime& runtime) {
  PythonReuseState& reuse = runtime.reuse;
  symbols.Get("PyRefTracer_SetTracer", &reuse.set_tracer);
  symbols.Get("PyRefTracer_GetTracer", &reuse.get_tracer);
  reuse.is_tried = false;
  reuse.watch.slot = nullptr;
  reuse.chained = nullptr;
  reuse.state = format::PythonReuse::kUnseen;
}

bool ReuseNeedsLook(const PythonRuntime& runtime) {
  const PythonReuseState& reuse = runtime.reuse;
  if (reuse.set_tracer == nullptr || reuse.get_tracer == nullptr) return false;
  if (!runtime.has_stacks.load(std::memory_order_relaxed)) return false;
  return reuse.is_tried ? !reuse.watch.IsAsLeft() : runtime.is_initialized() != 0;
}

bool FollowReuse(PythonRuntime& runtime, PythonTracer ours) {
  PythonReuseState& reuse = runtime.reuse;
  const format::PythonReuse before = reuse.state;
  void* data = nullptr;
  const PythonTracer found = reuse.get_tracer(&data);
  reuse.is_tried = true;
  const bool is_free = found == nullptr || found == ours || IsCPythonsOwn(runtime, found);
  if (is_free) {
    if (found != ours) {
      reuse.chained_data = data;
      reuse.chained = found;
    }
    if (reuse.set_tracer(ours, &runtime) != 0) return false;
    reuse.watch.accepted.store(AsWord(ours), std::memory_order_relaxed);
    if (reuse.watch.slot == nullptr) {
      const std::uintptr_t* const behind =
          FindWordPair(runtime.module, AsWord(ours), reinterpret_cast<std::uintptr_t>(&runtime));
      reuse.watch.slot = behind == nullptr ? nullptr : behind - 1;
    }
    if (before == format::PythonReuse::kUnseen) reuse.state = format::PythonReuse::kSeen;
  } else {
    reuse.watch.accepted.store(AsWord(found), std::memory_order_relaxed);
    if (before == format::PythonReuse::kSeen) reuse.state = format::PythonReuse::kLost;
  }
  return reuse.state != before;
}

std::uintptr_t BlockOfObject(const PythonOffsets& at, std::uintptr_t object) {
  constexpr std::uintptr_t kHasHead = 1U << 14;               // Py_TPFLAGS_HAVE_GC
  constexpr std::uintptr_t kHasPointers = 1U << 3 | 1U << 4;  // …_MANAGED_WEAKREF, …_MANAGED_DICT
  constexpr std::uintptr_t kBytesOfEither = 16;
  const std::uintptr_t flags = PythonWord(PythonTypeOf(object), at.type_flags);
  return object - ((flags & kHasHead) != 0 ? kBytesOfEither : 0) -
         ((flags & kHasPointers) != 0 ? kBytesOfEither : 0);
}

int TellChainedTracer(const PythonRuntime& runtime, void* object, int event) {
  const PythonTracer chained = runtime.reuse.chained;
  return chained == nullptr ? 0 : chained(object, event, runtime.reuse.chained_data);
}

}  // namespace memtrace::preload
