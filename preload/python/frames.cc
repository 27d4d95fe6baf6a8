// SPDX-License-Identifier: MIT
#include "preload/python/frames.h"

#include <pthread.h>

#include "preload/base/arena.h"
#include "preload/python/codes.h"
#include "preload/python/frame_layout.h"
#include "preload/python/text.h"
#include "preload/site/site_lookup.h"
#include "preload/stack/capture_internal.h"
#include "preload/stack/stack_memory.h"

namespace memtrace::preload {

constinit std::atomic<std::uint64_t> g_python_frames_epoch{0};

namespace {

constexpr std::uint32_t kFirstFrames = 128;
constexpr std::uint32_t kMaxFrames = 1U << 20;
constexpr std::uint8_t kOwnedByGenerator = 1;

struct PlaceRange {
  std::uint32_t first;
  std::uint32_t end;
};

template <typename T>
bool GrowArray(T*& array, std::uint32_t used, std::uint32_t capacity, std::uint32_t old_capacity) {
  T* larger = MapArray<T>(capacity);
  if (larger == nullptr) return false;
  for (std::uint32_t i = 0; i < used; ++i) larger[i] = array[i];
  if (array != nullptr) UnmapPrivate(array, old_capacity * sizeof(T));
  array = larger;
  return true;
}

// The fresh frames are kept, too. Those arrays that have grown stay so if another cannot.
bool Grow(PythonStack& stack) {
  const std::uint32_t old = stack.capacity;
  const std::uint32_t capacity = old == 0 ? kFirstFrames : old * 2;
  if (capacity > kMaxFrames) return false;
  const bool grown = GrowArray(stack.frames, stack.depth, capacity, old) &&
                     GrowArray(stack.held, stack.depth, capacity, old) &&
                     GrowArray(stack.codes, stack.depth, capacity, old) &&
                     GrowArray(stack.places, stack.depth, capacity, old) &&
                     GrowArray(stack.fresh, old, capacity, old);
  if (grown) stack.capacity = capacity;
  return grown;
}

std::uint8_t OwnerOf(const PythonOffsets& at, std::uintptr_t frame) {
  return *reinterpret_cast<const std::uint8_t*>(frame + static_cast<std::uintptr_t>(at.frame_owner));
}

// The instruction in code units; kPythonOffsetUnknown before the first one.
std::uint32_t UnitsOf(std::int64_t units) {
  const bool is_known = units >= 0 && units < format::kPythonOffsetUnknown;
  return is_known ? static_cast<std::uint32_t>(units) : format::kPythonOffsetUnknown;
}

// The instruction in code units if a frame that is there is one of the program's, whoever owns it; else
// kPythonOffsetUnknown.
[[gnu::always_inline]] inline std::uint32_t TraceableUnits(const PythonOffsets& at, std::uintptr_t code,
                                                           std::uintptr_t instruction) {
  const std::uint64_t units = (instruction - (code + static_cast<std::uintptr_t>(at.code_instructions))) / 2;
  const bool is_traceable = units < format::kPythonOffsetUnknown &&
                            static_cast<std::int64_t>(units) >= PythonInt(code, at.code_first_traceable);
  return is_traceable ? static_cast<std::uint32_t>(units) : format::kPythonOffsetUnknown;
}

// The place of frame i where the frame has only gone on in the same code. False: something else has changed.
[[gnu::always_inline]] inline bool MoveOn(PythonStack& stack, const FrameLayout<false>& layout,
                                          const PythonOffsets& at, std::uint32_t i,
                                          std::uintptr_t instruction) {
  PythonPlace& place = stack.places[i];
  const std::uintptr_t code = stack.codes[i];
  const bool is_usual = place.real == i && layout.Code(stack.frames[i]) == code;
  const std::uint32_t units = is_usual ? TraceableUnits(at, code, instruction) : format::kPythonOffsetUnknown;
  if (__builtin_expect(units == format::kPythonOffsetUnknown, 0)) return false;
  stack.held[i].instruction = instruction;
  constexpr std::uint64_t kOffsetMask = format::kPythonOffsetUnknown;
  place.key = (place.key & ~kOffsetMask) | units;
  place.path_hash = SitePathHash(i == 0 ? 0 : stack.places[i - 1].path_hash, place.key);
  place.node = 0;
  return true;
}

// The usual case: the innermost frame has gone on in its code. The place of that frame; null: to be read in
// full.
[[gnu::always_inline]] inline PythonPlace* ReadUsual(PythonStack& stack, const PythonRuntime& runtime,
                                                     std::uintptr_t current) {
  const PythonOffsets& at = *runtime.offsets;
  const FrameLayout<false> layout(at);
  if (!MayCompare(stack)) return nullptr;
  const std::uint32_t last = stack.depth - 1;
  if (stack.frames[last] != current || !CallersStand(stack, layout, last)) return nullptr;
  PythonPlace& place = stack.places[last];
  const std::uintptr_t instruction = layout.Instruction(current);
  if (instruction != stack.held[last].instruction && !MoveOn(stack, layout, at, last, instruction))
    return nullptr;
  return place.real == last ? &place : nullptr;
}

template <bool kObjects>
class Reader {
 public:
  Reader(PythonStack& stack, PythonRuntime& runtime)
      : stack_(stack), runtime_(runtime), layout_(*runtime.offsets) {}

  bool Read(std::uintptr_t current, bool has_lock) {
    const std::uint64_t frames_epoch = g_python_frames_epoch.load(std::memory_order_acquire);
    const bool may_compare = has_lock && stack_.frames_epoch == frames_epoch;
    stack_.frames_epoch = frames_epoch;
    const std::uint64_t epoch = g_python_codes_epoch.load(std::memory_order_acquire);
    if (stack_.runtime != &runtime_ || stack_.epoch != epoch) {
      stack_.runtime = &runtime_;
      stack_.usual = kObjects ? nullptr : &runtime_;
      stack_.epoch = epoch;
      stack_.depth = 0;
      stack_.known.Clear();
    }
    if (!may_compare) return ReadByWalk(current);
    std::uint32_t kept = 0;
    const std::uint32_t fresh = WalkToRemembered(current, &kept);
    if (fresh == kNoRoom) return Forget();
    PlaceRange changed{kept, kept};
    if (!Compare(kept, &changed)) return ReadByWalk(current);  // the chain is not the remembered one
    for (std::uint32_t i = changed.first; i < changed.end; ++i) {
      if (!MovePlace(i)) return Forget();
    }
    return fresh == 0 ? KeepOnly(kept) : Append(kept, fresh);
  }

 private:
  static constexpr std::uint32_t kNoRoom = ~0U;

  bool Forget() {
    stack_.depth = 0;
    return false;
  }

  // Looks at no frame that does not lie on the chain.
  [[gnu::noinline]] bool ReadByWalk(std::uintptr_t current) {
    std::uint32_t all = WalkAll(current);
    if (all == kNoRoom) return Forget();
    const std::uint32_t common = CommonOuter(all);
    return Append(common, all);
  }

  // Walks until a remembered frame is met; *kept: how many of them, from outside. How many were fresh.
  std::uint32_t WalkToRemembered(std::uintptr_t frame, std::uint32_t* kept) {
    std::uint32_t count = 0;
    for (; frame != 0; frame = layout_.Back(frame)) {
      const std::uint32_t hint = stack_.hints[HintOf(frame)];
      if (hint < stack_.depth && stack_.frames[hint] == frame) {
        *kept = hint + 1;
        return count;
      }
      if (count == stack_.capacity && !Grow(stack_)) return kNoRoom;
      stack_.fresh[count++] = frame;
    }
    *kept = 0;
    return count;
  }

  std::uint32_t WalkAll(std::uintptr_t frame) {
    std::uint32_t count = 0;
    for (; frame != 0; frame = layout_.Back(frame)) {
      if (count == stack_.capacity && !Grow(stack_)) return kNoRoom;
      stack_.fresh[count++] = frame;
    }
    return count;
  }

  // Whether frames[0, kept) are still each other's callers; and from which on instructions have changed.
  // Mostly none but the innermost's has.
  bool Compare(std::uint32_t kept, PlaceRange* changed) const {
    if (kept == 0) return true;
    const std::uint32_t last = kept - 1;
    if (__builtin_expect(DiffersBelow(last) != 0, 0)) return CompareEach(kept, changed);
    const std::uintptr_t caller = last == 0 ? 0 : stack_.frames[last - 1];
    if (layout_.Back(stack_.frames[last]) != caller) return false;
    changed->first = layout_.IsAsRemembered(stack_, last) ? kept : last;
    return true;
  }

  // 0 if frames[0, end) and what they hold are as remembered.
  std::uintptr_t DiffersBelow(std::uint32_t end) const {
    std::uintptr_t difference = DifferenceBelow(stack_, layout_, end);
    if constexpr (kObjects) {
      for (std::uint32_t i = 0; i < end; ++i) difference |= layout_.Code(stack_.frames[i]) ^ stack_.codes[i];
    }
    return difference;
  }

  [[gnu::noinline]] bool CompareEach(std::uint32_t kept, PlaceRange* changed) const {
    changed->first = kept;
    for (std::uint32_t i = kept; i-- > 0;) {
      if (!layout_.IsAsRemembered(stack_, i)) changed->first = i;
      if (layout_.Back(stack_.frames[i]) != (i == 0 ? 0 : stack_.frames[i - 1])) return false;
    }
    return true;
  }

  // How many frames at the outer end of fresh[0, count) are the remembered ones, unchanged.
  std::uint32_t CommonOuter(std::uint32_t& count) const {
    std::uint32_t common = 0;
    while (common < stack_.depth && common < count &&
           stack_.fresh[count - 1 - common] == stack_.frames[common] &&
           layout_.IsAsRemembered(stack_, common)) {
      ++common;
    }
    count -= common;
    return common;
  }

  // Puts fresh[0, count) behind the first `kept` frames.
  bool Append(std::uint32_t kept, std::uint32_t count) {
    stack_.depth = kept;
    while (kept + count > stack_.capacity) {
      if (!Grow(stack_)) return Forget();
    }
    for (std::uint32_t i = kept; count > 0; ++i) {
      const std::uintptr_t frame = stack_.fresh[--count];
      stack_.frames[i] = frame;
      stack_.held[i] = {i == 0 ? 0 : stack_.frames[i - 1], layout_.Instruction(frame)};
      stack_.hints[HintOf(frame)] = static_cast<std::uint16_t>(i);
      stack_.depth = i + 1;
      if (!SetPlace(i)) return Forget();
    }
    return true;
  }

  bool KeepOnly(std::uint32_t kept) {
    stack_.depth = kept;
    return true;
  }

  bool MovePlace(std::uint32_t i) {
    const std::uintptr_t instruction = layout_.Instruction(stack_.frames[i]);
    if constexpr (!kObjects) {
      if (__builtin_expect(MoveOn(stack_, layout_, *runtime_.offsets, i, instruction), 1)) return true;
    }
    stack_.held[i].instruction = instruction;
    return SetPlace(i);
  }

  // Key, hash and the like of frame i, whose callers have theirs. False: no memory for its code's text.
  bool SetPlace(std::uint32_t i) {
    const std::uintptr_t frame = stack_.frames[i];
    const std::uintptr_t code = layout_.Code(frame);
    stack_.codes[i] = code;
    PythonPlace place{};
    place.real = PythonPlace::kNone;
    if (i > 0) {
      const PythonPlace& caller = stack_.places[i - 1];
      place.path_hash = caller.path_hash;
      place.node = caller.node;
      place.shim = caller.shim;
      place.real = caller.real;
    }
    bool is_shim = false;
    std::uint32_t units = format::kPythonOffsetUnknown;
    if (IsOfProgram(frame, code, stack_.held[i].instruction, &units, &is_shim)) {
      const std::uint32_t id = PythonCodeId(runtime_, code);
      if (id == 0) return false;
      place.key = std::uint64_t{format::kPythonGeneration} << format::kGenerationShift |
                  std::uint64_t{id} << format::kPythonCodeShift | units;
      place.path_hash = SitePathHash(place.path_hash, place.key);
      place.node = 0;
      place.real = i;
    }
    if (is_shim) place.shim = frame;
    stack_.places[i] = place;
    return true;
  }

  bool IsOfProgram(std::uintptr_t frame, std::uintptr_t code, std::uintptr_t instruction,
                   std::uint32_t* units, bool* is_shim) const {
    const PythonOffsets& at = *runtime_.offsets;
    if (code == 0 || PythonTypeOf(code) != runtime_.code_type) {
      *is_shim = at.shim_owner >= 0 && OwnerOf(at, frame) >= at.shim_owner;
      return false;
    }
    if constexpr (kObjects) {
      // 3.10 counts in code units, earlier ones in bytes, two a unit.
      const auto index = static_cast<std::int32_t>(instruction);
      *units = UnitsOf(index < 0 ? index : at.minor >= 10 ? index : index / 2);
      return true;
    }
    const std::uint8_t owner = OwnerOf(at, frame);
    if (at.shim_owner >= 0 && owner >= at.shim_owner) {
      *is_shim = true;
      return false;
    }
    const std::uintptr_t start = code + static_cast<std::uintptr_t>(at.code_instructions);
    const auto bytes = static_cast<std::int64_t>(instruction - start);
    const std::int64_t index = bytes >= 0 ? bytes / 2 : -1;
    *units = UnitsOf(index);
    return owner == kOwnedByGenerator || index >= PythonInt(code, at.code_first_traceable);
  }

  PythonStack& stack_;
  PythonRuntime& runtime_;
  const FrameLayout<kObjects> layout_;
};

// For when the frame is there again.
void Remember(PythonStack& stack, std::uint32_t i, PythonRole role, std::uint32_t node) {
  std::uint32_t caller = 0;
  if (stack.usual == nullptr || node == 0 || !KnownCallerOf(stack, i, &caller)) return;
  const std::uintptr_t instruction = stack.held[i].instruction;
  if (TraceableUnits(*stack.usual->offsets, stack.codes[i], instruction) != format::kPythonOffsetUnknown)
    stack.known.Put(instruction, role, caller, node);
}

// Gives the place its node, and its callers theirs where they have none yet. 0: storage failed, or no place
// up to there is of the program.
std::uint32_t NodeOf(PythonStack& stack, std::uint32_t index) {
  std::uint32_t node = 0;
  std::uint32_t first = index + 1;
  for (; first > 0; --first) {
    const PythonPlace& place = stack.places[first - 1];
    node = place.node;
    if (node != 0 || place.real == PythonPlace::kNone) break;
  }
  for (std::uint32_t i = first; i <= index; ++i) {
    PythonPlace& place = stack.places[i];
    const bool is_own = place.real == i;
    if (is_own) node = SiteTreeChildInline(node, place.key, place.path_hash);
    if (node == 0) return 0;
    place.node = node;
    if (is_own) Remember(stack, i, PythonRole::kCaller, node);
  }
  return node;
}

// The first frames of a runtime are read with care: should its structures not be what they are said to be,
// then no pointer is one.
enum class Look : std::uint8_t { kRight, kWrong, kNothingYet };
Look LookWithCare(const PythonRuntime& runtime, std::uintptr_t frame) {
  const PythonOffsets& at = *runtime.offsets;
  const auto is_object = [](std::uintptr_t object) {
    return (object & 7) == 0 && IsReadable(object) && IsReadable(object + 8);
  };
  for (unsigned i = 0; i < 64 && frame != 0; ++i) {
    const std::uintptr_t word = frame + static_cast<std::uintptr_t>(at.frame_code);
    const std::uintptr_t back = frame + static_cast<std::uintptr_t>(at.frame_back);
    if ((frame & 7) != 0 || !IsReadable(word) || !IsReadable(back)) return Look::kWrong;
    const std::uintptr_t code = PythonWord(frame, at.frame_code) & ~std::uintptr_t{7};
    if (code != 0 && !is_object(code)) return Look::kWrong;
    if (code != 0 && PythonTypeOf(code) == runtime.code_type) {
      const std::uintptr_t file = PythonWord(code, at.code_file);
      return is_object(file) && PythonTypeOf(file) == runtime.text_type ? Look::kRight : Look::kWrong;
    }
    frame = PythonWord(frame, at.frame_back);
  }
  return frame == 0 ? Look::kNothingYet : Look::kWrong;
}

// Asks the kernel, but not again and again while the interpreter starts and has no frames yet.
bool IsReadableNow(PythonRuntime& runtime, std::uintptr_t address) {
  const std::uintptr_t page = address / kStackPageBytes;
  if (runtime.readable_page.load(std::memory_order_relaxed) == page) return true;
  if (!IsReadable(address)) return false;
  runtime.readable_page.store(page, std::memory_order_relaxed);
  return true;
}

std::uintptr_t CarefulCurrentFrame(PythonRuntime& runtime, std::uintptr_t thread_state) {
  const PythonOffsets& at = *runtime.offsets;
  const int first = at.cframe_frame < 0 ? at.thread_frame : at.thread_cframe;
  if ((thread_state & 7) != 0 || !IsReadableNow(runtime, thread_state + static_cast<std::uintptr_t>(first)))
    return 0;
  const std::uintptr_t word = PythonWord(thread_state, first);
  if (at.cframe_frame < 0) return word;
  return word != 0 && (word & 7) == 0 &&
                 IsReadableNow(runtime, word + static_cast<std::uintptr_t>(at.cframe_frame))
             ? PythonWord(word, at.cframe_frame)
             : 0;
}

// Whether the runtime's frames may be read.
bool IsTrusted(PythonRuntime& runtime, std::uintptr_t thread_state) {
  if (runtime.is_trusted.load(std::memory_order_relaxed)) return true;
  const std::uintptr_t frame = CarefulCurrentFrame(runtime, thread_state);
  const Look look = LookWithCare(runtime, frame);
  if (look == Look::kRight) runtime.is_trusted.store(true, std::memory_order_relaxed);
  if (look == Look::kWrong) GiveUpPythonStacks(runtime, "its frames are not what those of its version are");
  return look == Look::kRight;
}

[[gnu::noinline]] PythonPlace* ReadInFull(PythonStack& stack, PythonRuntime& runtime,
                                          std::uintptr_t thread_state, bool has_lock) {
  if (__builtin_expect(!IsTrusted(runtime, thread_state), 0)) return nullptr;
  const PythonOffsets& at = *runtime.offsets;
  const std::uintptr_t current = CurrentFrame(at, thread_state);
  if (current == 0) return nullptr;
  const bool was_read = at.has_frame_objects() ? Reader<true>(stack, runtime).Read(current, has_lock)
                                               : Reader<false>(stack, runtime).Read(current, has_lock);
  if (!was_read || stack.depth == 0) return nullptr;
  const std::uint32_t real = stack.places[stack.depth - 1].real;
  return real == PythonPlace::kNone ? nullptr : &stack.places[real];
}

}  // namespace

void ForgetPythonStack(PythonStack& stack) {
  stack.thread = pthread_self();
  stack.depth = 0;
}

PythonStack* NewPythonStack() {
  auto* stack = MapArray<PythonStack>(1);
  if (stack == nullptr) return nullptr;
  ForgetPythonStack(*stack);
  if (Grow(*stack)) return stack;
  UnmapPrivate(stack, sizeof(PythonStack));
  return nullptr;
}

PythonPlace* ReadPythonStack(PythonStack& stack, PythonRuntime& runtime, std::uintptr_t thread_state,
                             bool has_lock) {
  if (__builtin_expect(has_lock && stack.usual == &runtime, 1)) {
    PythonPlace* place = ReadUsual(stack, runtime, CurrentFrame(*runtime.offsets, thread_state));
    if (__builtin_expect(place != nullptr, 1)) return place;
  }
  return ReadInFull(stack, runtime, thread_state, has_lock);
}

std::uint32_t PythonCallerNode(PythonStack& stack, PythonPlace& place) {
  return NodeOf(stack, static_cast<std::uint32_t>(&place - stack.places));
}

std::uint32_t PythonBlockNode(PythonStack& stack, PythonPlace& place, format::AllocKind kind) {
  std::uint32_t caller = 0;
  std::uint64_t caller_hash = 0;
  if (&place != stack.places) {
    const PythonPlace& outer = *(&place - 1);
    caller_hash = outer.path_hash;
    caller = outer.node;
    if (__builtin_expect(caller == 0, 0))
      caller = NodeOf(stack, static_cast<std::uint32_t>(&outer - stack.places));
    if (caller == 0 && outer.real != PythonPlace::kNone) return 0;
  }
  const std::uint64_t key = place.key | static_cast<std::uint64_t>(kind) << format::kKindShift;
  const std::uint32_t node = SiteTreeChildInline(caller, key, SitePathHash(caller_hash, key));
  Remember(stack, static_cast<std::uint32_t>(&place - stack.places), RoleOf(kind), node);
  return node;
}

}  // namespace memtrace::preload
