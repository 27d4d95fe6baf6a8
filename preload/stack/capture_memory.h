// SPDX-License-Identifier: MIT
// The growing arrays of a ThreadCapture. Each function returns false where there is no memory or the
// limit is reached; what is there stays valid then.
#pragma once

#include <cstdint>

#include "preload/stack/capture.h"

namespace memtrace::preload {

inline constexpr std::uint32_t kFirstFrames = 128;
inline constexpr std::uint32_t kWordsPerFrame = 3;  // at most: cfa, saved rbp, return address
inline constexpr std::uint32_t kMaxFrames = 1u << 20;

bool GrowFrames(ThreadCapture& thread);                     // frames and their checks
bool GrowFresh(ThreadCapture& thread, std::uint32_t used);  // fresh, of which `used` are in use, and reads

// Moves thread.low down to sp's page if all pages in between can be read, that is, if sp is on this stack.
// Guard pages and holes between stacks cannot.
bool ExtendKnownStack(ThreadCapture& thread, std::uintptr_t sp);

}  // namespace memtrace::preload
