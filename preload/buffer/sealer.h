// SPDX-License-Identifier: MIT
// Gets full windows into the file without making the program's thread wait: a helper thread compresses them.
//
//     thread ── Submit(full window) ──► queue (lock-free stack) ──► helper: Store, Release ──► free list
//       │                                    │
//       │   more than kMaxQueued waiting, or no helper: the thread stores its window itself, nothing is dropped
//       └◄─ goes on in another window
//
// The helper starts with the first full window, so small programs stay as they are. In a forked child there
// is none. Thread-safe. Lives in memory that is zero in a forked child.
#pragma once

#include <atomic>
#include <cstdint>

#include "preload/buffer/window_pool.h"

namespace memtrace::preload {

class Sealer {
 public:
  void Init(WindowPool* windows, bool use_helper) {
    windows_ = windows;
    use_helper_ = use_helper;
  }

  // Takes a full window and returns the one to go on with, made ready for `owner`; may be the same one. Null when
  // the file can have no more; the window given then keeps its events.
  format::WindowHeader* Exchange(format::WindowHeader* full, const WindowOwner& owner, std::uint64_t base_ticks);

  // Ends the helper thread, waits until the kernel has forgotten it, and never starts one again: before calls that
  // only a single-threaded process may make.
  void StopHelper();

 private:
  static void HelperMain(void* sealer);
  [[noreturn]] void Serve();
  bool StartHelper();
  void Queue(format::WindowHeader* window);
  void WakeHelper();
  void StoreQueued(format::WindowHeader* first);

  WindowPool* windows_;
  std::atomic<bool> use_helper_;
  std::atomic<std::uint32_t> helper_state_;
  std::atomic<std::uint32_t> helper_tid_;
  std::atomic<bool> stop_;
  std::atomic<format::WindowHeader*> queue_;
  std::atomic<std::uint32_t> queued_;   // windows submitted and not yet stored
  std::atomic<std::uint32_t> signals_;  // futex: changes with every submission
  std::atomic<bool> failed_;            // a window could not be stored: the helper gives up
};

}  // namespace memtrace::preload
