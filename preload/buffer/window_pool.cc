// SPDX-License-Identifier: MIT
#include "preload/buffer/window_pool.h"

#include <atomic>

#define XXH_INLINE_ALL
#define XXH_NO_STDLIB
#include <xxhash.h>

namespace memtrace::preload {
namespace {

using format::WindowHeader;

// The free list is threaded through the first event bytes of windows that are not in use.
WindowHeader*& NextOf(WindowHeader* window) { return *reinterpret_cast<WindowHeader**>(window + 1); }

// The seqlock's writer side; TraceReader's copy of a window is the reader side.
class Changing {
 public:
  explicit Changing(WindowHeader* window) : version_(window->version) {
    version_.store(version_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_release);
  }
  ~Changing() { version_.store(version_.load(std::memory_order_relaxed) + 1, std::memory_order_release); }

 private:
  std::atomic_ref<std::uint64_t> version_;
};

}  // namespace

void WindowPool::Reuse(WindowHeader* window, const WindowOwner& owner, std::uint64_t base_ticks) {
  Changing changing(window);
  window->thread = owner.thread;
  window->in_use = 1;
  window->sequence = owner.sequence;
  window->base_ticks = base_ticks;
  window->used_bytes = 0;
}

WindowHeader* WindowPool::Acquire(const WindowOwner& owner, std::uint64_t base_ticks) {
  WindowHeader* window;
  {
    SpinLockHolder hold(lock_);
    window = free_;
    if (window != nullptr) free_ = NextOf(window);
  }
  if (window == nullptr) {
    void* chunk = file_->MapChunk(format::ChunkKind::kWindow, format::kWindowBytes);
    if (chunk == nullptr) return nullptr;
    window = reinterpret_cast<WindowHeader*>(static_cast<char*>(chunk) + sizeof(format::ChunkHeader));
  }
  Reuse(window, owner, base_ticks);
  return window;
}

void WindowPool::Release(WindowHeader* window) {
  {
    Changing changing(window);
    window->in_use = 0;
    window->used_bytes = 0;
  }
  SpinLockHolder hold(lock_);
  NextOf(window) = free_;
  free_ = window;
}

bool WindowPool::Store(WindowHeader* window) {
  if (window->used_bytes == 0) return true;
  format::EventsHeader events{};
  events.thread = window->thread;
  events.sequence = window->sequence;
  events.base_ticks = window->base_ticks;
  events.raw_bytes = window->used_bytes;
  const void* data = window + 1;
  events.stored_bytes = events.raw_bytes;

  CompressorSlot* slot = compress_ ? compressors_.Acquire() : nullptr;
  if (slot != nullptr) {
    if (const std::size_t stored = Compress(slot, data, events.raw_bytes); stored != 0) {
      events.codec = static_cast<std::uint32_t>(format::Codec::kZstd);
      events.stored_bytes = stored;
      data = slot->output;
    }
  }
  events.checksum = XXH3_64bits(data, events.stored_bytes);
  const bool stored = file_->AppendEvents(events, data);
  if (slot != nullptr) compressors_.Release(slot);
  if (stored) {
    format::FileHeader* header = file_->header();
    std::atomic_ref<std::uint64_t>(header->raw_event_bytes).fetch_add(events.raw_bytes, std::memory_order_relaxed);
    std::atomic_ref<std::uint64_t>(header->stored_event_bytes).fetch_add(events.stored_bytes, std::memory_order_relaxed);
  }
  return stored;
}

}  // namespace memtrace::preload
