// SPDX-License-Identifier: MIT
// What an interpreter's frames hold, by the offsets of its version. For frames.cc and known_nodes.cc.
#pragma once

#include <emmintrin.h>

#include <cstdint>

#include "preload/python/codes.h"
#include "preload/python/frames.h"
#include "preload/python/text.h"

namespace memtrace::preload {

// The layout is a template's argument, so that the usual one has no tests in its loops. kObjects: frames are
// objects with the index of an instruction, as up to 3.10; else they have its address.
template <bool kObjects>
struct FrameLayout {
  explicit FrameLayout(const PythonOffsets& at)
      : back(at.frame_back), code(at.frame_code), instruction(at.frame_instruction) {}

  std::uintptr_t Back(std::uintptr_t frame) const { return PythonWord(frame, back); }
  std::uintptr_t Code(std::uintptr_t frame) const {
    constexpr std::uintptr_t kTags = 7;  // of a reference, in later versions
    return PythonWord(frame, code) & ~kTags;
  }
  std::uintptr_t Instruction(std::uintptr_t frame) const {
    if constexpr (kObjects) return static_cast<std::uint32_t>(PythonInt(frame, instruction));
    return PythonWord(frame, instruction);
  }
  // An address is one of a code object's own; an index may be that of any, in a frame object used again.
  bool IsAsRemembered(const PythonStack& stack, std::uint32_t i) const {
    const std::uintptr_t frame = stack.frames[i];
    if (Instruction(frame) != stack.held[i].instruction) return false;
    if constexpr (kObjects) return Code(frame) == stack.codes[i];
    return true;
  }

  int back, code, instruction;
};

inline std::uintptr_t CurrentFrame(const PythonOffsets& at, std::uintptr_t thread_state) {
  if (at.cframe_frame < 0) return PythonWord(thread_state, at.thread_frame);
  const std::uintptr_t cframe = PythonWord(thread_state, at.thread_cframe);
  return cframe == 0 ? 0 : PythonWord(cframe, at.cframe_frame);
}

// The slot of PythonStack::hints for a frame.
inline std::uint32_t HintOf(std::uintptr_t frame) {
  return frame >> 4 & (PythonStack::kHints - 1);
}

// Whether something is remembered, of code objects that live, in frames whose memory is still there.
inline bool MayCompare(const PythonStack& stack) {
  return stack.depth != 0 && stack.epoch == g_python_codes_epoch.load(std::memory_order_acquire) &&
         stack.frames_epoch == g_python_frames_epoch.load(std::memory_order_acquire);
}

// 0 if frames[0, end) hold what they held. Only where MayCompare. No branches: what is compared does not wait
// for anything but its own address. Where both words lie side by side they are compared as one.
template <bool kObjects>
[[gnu::always_inline]] inline std::uintptr_t DifferenceBelow(const PythonStack& stack,
                                                             const FrameLayout<kObjects>& layout,
                                                             std::uint32_t end) {
  const std::uintptr_t* const frames = stack.frames;
  const HeldByFrame* const held = stack.held;
  if (!kObjects && layout.instruction == layout.back + static_cast<int>(sizeof(std::uintptr_t))) {
    __m128i difference = _mm_setzero_si128();
#pragma GCC unroll 4
    for (std::uint32_t i = 0; i < end; ++i) {
      const auto* words =
          reinterpret_cast<const __m128i*>(frames[i] + static_cast<std::uintptr_t>(layout.back));
      difference = _mm_or_si128(
          difference,
          _mm_xor_si128(_mm_loadu_si128(words), _mm_load_si128(reinterpret_cast<const __m128i*>(held + i))));
    }
    const __m128i upper = _mm_unpackhi_epi64(difference, difference);
    return static_cast<std::uintptr_t>(_mm_cvtsi128_si64(_mm_or_si128(difference, upper)));
  }
  std::uintptr_t difference = 0;
  for (std::uint32_t i = 0; i < end; ++i) {
    const std::uintptr_t frame = frames[i];
    difference |= (layout.Back(frame) ^ held[i].back) | (layout.Instruction(frame) ^ held[i].instruction);
  }
  return difference;
}

// Whether the callers of frame i are the remembered ones and are where they were.
[[gnu::always_inline]] inline bool CallersStand(const PythonStack& stack, const FrameLayout<false>& layout,
                                                std::uint32_t i) {
  return layout.Back(stack.frames[i]) == stack.held[i].back && DifferenceBelow(stack, layout, i) == 0;
}

}  // namespace memtrace::preload
