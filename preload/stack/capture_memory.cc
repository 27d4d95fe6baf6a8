// SPDX-License-Identifier: MIT
#include "preload/stack/capture_memory.h"

#include "preload/base/arena.h"
#include "preload/stack/stack_memory.h"
#include "preload/stack/verified_prefix.h"

namespace memtrace::preload {
namespace {

// A recycled thread state keeps what it has up to this size.
constexpr std::uint32_t kKeptFrames = 4096;

template <typename T>
void Release(T*& array, std::uint32_t capacity) {
  if (array != nullptr) UnmapPrivate(array, capacity * sizeof(T));
  array = nullptr;
}

template <typename T>
void Copy(const T* from, T* to, std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i) to[i] = from[i];
}

// What the checks in front of the first one compare.
constexpr std::uint64_t kAlwaysThere = 0;

std::uint32_t CheckRoom(std::uint32_t frame_capacity) {
  return kCheckGroup + frame_capacity * kWordsPerFrame;
}

Check* MapChecks(std::uint32_t frame_capacity) {
  Check* room = MapArray<Check>(CheckRoom(frame_capacity));
  if (room == nullptr) return nullptr;
  for (std::uint32_t i = 0; i < kCheckGroup; ++i) room[i] = Check{&kAlwaysThere, kAlwaysThere};
  return room + kCheckGroup;
}

void ReleaseChecks(Check*& checks, std::uint32_t frame_capacity) {
  if (checks != nullptr) UnmapPrivate(checks - kCheckGroup, CheckRoom(frame_capacity) * sizeof(Check));
  checks = nullptr;
}

void ReleaseFrames(ThreadCapture& thread) {
  Release(thread.frames, thread.frame_capacity);
  ReleaseChecks(thread.checks, thread.frame_capacity);
  thread.innermost = nullptr;
  thread.frame_capacity = 0;
}

void ReleaseFresh(ThreadCapture& thread) {
  Release(thread.fresh, thread.fresh_capacity);
  Release(thread.reads, thread.fresh_capacity * kWordsPerFrame);
  thread.fresh_capacity = 0;
}

std::uint32_t NextCapacity(std::uint32_t capacity) {
  return capacity == 0 ? kFirstFrames : capacity * 2;
}

}  // namespace

bool GrowFrames(ThreadCapture& thread) {
  const std::uint32_t capacity = NextCapacity(thread.frame_capacity);
  if (capacity > kMaxFrames) return false;
  Frame* frames = MapArray<Frame>(capacity);
  Check* checks = MapChecks(capacity);
  if (frames == nullptr || checks == nullptr) {
    Release(frames, capacity);
    ReleaseChecks(checks, capacity);
    return false;
  }
  Frame* innermost = frames;
  if (thread.frame_capacity != 0) {
    innermost += thread.innermost - thread.frames;
    Copy(thread.frames, frames, static_cast<std::uint32_t>(innermost - frames) + 1);
    Copy(thread.checks, checks, thread.innermost->check_end);
  }
  ReleaseFrames(thread);
  thread.frames = frames;
  thread.innermost = innermost;
  thread.checks = checks;
  thread.frame_capacity = capacity;
  return true;
}

bool GrowFresh(ThreadCapture& thread, std::uint32_t used) {
  const std::uint32_t capacity = NextCapacity(thread.fresh_capacity);
  if (capacity > kMaxFrames) return false;
  Frame* fresh = MapArray<Frame>(capacity);
  StackRead* reads = MapArray<StackRead>(capacity * kWordsPerFrame);
  if (fresh == nullptr || reads == nullptr) {
    Release(fresh, capacity);
    Release(reads, capacity * kWordsPerFrame);
    return false;
  }
  if (thread.fresh_capacity != 0) {
    Copy(thread.fresh, fresh, used);
    Copy(thread.reads, reads, thread.read_count);
  }
  ReleaseFresh(thread);
  thread.fresh = fresh;
  thread.reads = reads;
  thread.fresh_capacity = capacity;
  return true;
}

bool ExtendKnownStack(ThreadCapture& thread, std::uintptr_t sp) {
  if (sp >= thread.high() || sp < thread.lowest) return false;
  const std::uintptr_t wanted = sp & ~(kStackPageBytes - 1);
  while (thread.low > wanted) {
    if (!IsReadable(thread.low - kStackPageBytes)) return false;
    thread.low -= kStackPageBytes;
    thread.known_bytes += kStackPageBytes;
  }
  return true;
}

bool ThreadCaptureInit(ThreadCapture& thread, std::uintptr_t stack_low, std::uintptr_t stack_high) {
  ThreadCaptureReset(thread, stack_low, stack_high);
  return thread.frames != nullptr && thread.fresh != nullptr;
}

void ThreadCaptureReset(ThreadCapture& thread, std::uintptr_t stack_low, std::uintptr_t stack_high) {
  if (thread.frame_capacity > kKeptFrames) ReleaseFrames(thread);
  if (thread.fresh_capacity > kKeptFrames) ReleaseFresh(thread);
  if (thread.frames == nullptr) GrowFrames(thread);
  if (thread.fresh == nullptr) GrowFresh(thread, 0);
  const std::uintptr_t high = stack_high & ~std::uintptr_t{7};
  thread.low = high == 0 ? 0 : (high - 1) & ~(kStackPageBytes - 1);
  thread.known_bytes = high - thread.low;
  thread.lowest = stack_low;
  thread.innermost = thread.frames;
  thread.read_count = 0;
  thread.counters = CaptureCounters{};
  if (thread.foreign != nullptr) ThreadCaptureReset(*thread.foreign, 0, 0);
  thread.modules_stamp = 0;  // no real stamp: the first capture takes the slow path and sets up the root
}

}  // namespace memtrace::preload
