// SPDX-License-Identifier: MIT
#include "preload/buffer/sealer.h"

#include <linux/futex.h>

#include "preload/base/raw_thread.h"
#include "preload/base/syscalls.h"

namespace memtrace::preload {
namespace {

using format::WindowHeader;

// Waiting windows cost 64 KiB each; beyond this the program's threads lend a hand.
constexpr std::uint32_t kMaxQueued = 8;

enum HelperState : std::uint32_t { kNone = 0, kStarting = 1, kRunning = 2, kUnavailable = 3 };

void Futex(std::atomic<std::uint32_t>& word, int operation, std::uint32_t value) {
  sys::Call(SYS_futex, sys::AsLong(&word), operation | FUTEX_PRIVATE_FLAG, value, 0, 0, 0);
}

// Queued windows are linked through a reserved word of their header: the events must stay readable.
void SetNext(WindowHeader* window, WindowHeader* next) { window->reserved[0] = reinterpret_cast<std::uint64_t>(next); }
WindowHeader* NextOf(const WindowHeader* window) { return reinterpret_cast<WindowHeader*>(window->reserved[0]); }

}  // namespace

void Sealer::HelperMain(void* sealer) { static_cast<Sealer*>(sealer)->Serve(); }

bool Sealer::StartHelper() {
  std::uint32_t state = helper_state_.load(std::memory_order_acquire);
  if (state == kRunning) return use_helper_;
  if (!use_helper_ || state != kNone || !helper_state_.compare_exchange_strong(state, kStarting)) return false;
  const bool started = StartRawThread(&Sealer::HelperMain, this, "memtrace");
  helper_state_.store(started ? kRunning : kUnavailable, std::memory_order_release);
  return started;
}

void Sealer::Queue(WindowHeader* window) {
  WindowHeader* head = queue_.load(std::memory_order_relaxed);
  do {
    SetNext(window, head);
  } while (!queue_.compare_exchange_weak(head, window, std::memory_order_release, std::memory_order_relaxed));
}

void Sealer::WakeHelper() {
  signals_.fetch_add(1, std::memory_order_release);
  Futex(signals_, FUTEX_WAKE, 1);
}

// A window that cannot be stored keeps its events in place. If the program has closed our descriptor, it waits for
// the next thread that comes to Exchange, which opens the file again.
void Sealer::StoreQueued(WindowHeader* first) {
  for (WindowHeader *window = first, *next; window != nullptr; window = next) {
    next = NextOf(window);
    if (failed_.load(std::memory_order_relaxed)) continue;
    if (windows_->Store(window)) {
      queued_.fetch_sub(1, std::memory_order_relaxed);
      windows_->Release(window);
    } else if (windows_->file().last_error() == -EBADF) {
      Queue(window);
    } else {
      failed_.store(true, std::memory_order_relaxed);
    }
  }
}

// The helper's life: it ends with the process, or by StopHelper once it has looked at its queue.
void Sealer::Serve() {
  helper_tid_.store(static_cast<std::uint32_t>(sys::Call(SYS_gettid)), std::memory_order_release);
  for (;;) {
    const std::uint32_t seen = signals_.load(std::memory_order_acquire);
    StoreQueued(queue_.exchange(nullptr, std::memory_order_acquire));
    while (stop_.load(std::memory_order_acquire)) sys::Call(SYS_exit, 0);
    Futex(signals_, FUTEX_WAIT, seen);
  }
}

void Sealer::StopHelper() {
  use_helper_ = false;
  std::uint32_t state = kNone;
  if (helper_state_.compare_exchange_strong(state, kUnavailable)) return;  // there was none
  while (helper_state_.load(std::memory_order_acquire) == kStarting) sys::Call(SYS_sched_yield);
  if (helper_state_.load() != kRunning) return;
  while (helper_tid_.load(std::memory_order_acquire) == 0) sys::Call(SYS_sched_yield);
  stop_.store(true, std::memory_order_release);
  WakeHelper();
  const long pid = sys::Call(SYS_getpid);
  while (sys::Call(SYS_tgkill, pid, helper_tid_.load(), 0) == 0) sys::Call(SYS_sched_yield);
  helper_state_.store(kUnavailable, std::memory_order_release);
}

WindowHeader* Sealer::Exchange(WindowHeader* full, const WindowOwner& owner, std::uint64_t base_ticks) {
  if (failed_.load(std::memory_order_relaxed)) return nullptr;
  if (windows_->file().keeps_descriptor() && !windows_->file().ReopenIfLost()) return nullptr;
  if (queued_.load(std::memory_order_relaxed) < kMaxQueued && StartHelper()) {
    if (WindowHeader* next = windows_->Acquire(owner, base_ticks); next != nullptr) {
      queued_.fetch_add(1, std::memory_order_relaxed);
      Queue(full);
      WakeHelper();
      return next;
    }
    // No room for another window: on with this one, once its events are stored.
  }
  if (!windows_->Store(full)) return nullptr;
  WindowPool::Reuse(full, owner, base_ticks);
  return full;
}

}  // namespace memtrace::preload
