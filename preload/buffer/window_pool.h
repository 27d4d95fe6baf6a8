// SPDX-License-Identifier: MIT
// The windows of a recording: who fills one, where a full one goes.
//
//      free list ──Acquire──► a thread fills it ──full──► Store: compress, append to the file ──► free list
//          ▲                                                      (until then its events are readable in place)
//          └── a new window is mapped from the file when the list is empty
//
// A window's content is given up only after its events chunk is in the file, so a kill at any instant leaves
// each event in at least one of the two. Thread-safe. Lives in memory that is zero in a forked child.
#pragma once

#include <cstdint>

#include "memtrace/trace_format.h"
#include "preload/base/spin_lock.h"
#include "preload/buffer/compressor.h"
#include "preload/trace/trace_file.h"

namespace memtrace::preload {

// Where a thread stands in its sequence of windows.
struct WindowOwner {
  std::uint32_t thread;
  std::uint64_t sequence;
};

class WindowPool {
 public:
  void Init(TraceFile* file, bool compress) {
    file_ = file;
    compress_ = compress;
  }

  // A window made ready for `owner`, or null when the file can have no more (see TraceFile::last_error).
  format::WindowHeader* Acquire(const WindowOwner& owner, std::uint64_t base_ticks);

  // Writes the window's events to the file's end. False on failure: the window then keeps them, and
  // file().last_error() says why.
  bool Store(format::WindowHeader* window);

  TraceFile& file() { return *file_; }

  // Gives a stored window to its next owner at once (no free list): the common case of a thread on its own.
  static void Reuse(format::WindowHeader* window, const WindowOwner& owner, std::uint64_t base_ticks);

  // Puts a stored window on the free list.
  void Release(format::WindowHeader* window);

 private:

  TraceFile* file_;
  bool compress_;
  SpinLock lock_;
  format::WindowHeader* free_;
  CompressorPool compressors_;
};

}  // namespace memtrace::preload
