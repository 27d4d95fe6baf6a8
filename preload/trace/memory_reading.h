// SPDX-License-Identifier: MIT
// What lies where in process memory, page by page, for the log (format::LogMemory).
//
//     /proc/self/maps      ┌ heap ─────┐   ┌ anonymous ┐ ┌ libc.so ┐  ┌ trace ┐ ┌ stack ┐
//     mincore, pagemap     ▓▓▓▓░░▓▓▓▓▓▓    ▓▓▓░░░░▓▓▓▓▓   ▓▓░░▓▓▓▓▓    ▓▓▓▓▓▓▓   ░░░░▓▓▓▓
//     OwnRanges()                                ─own─
//     ranges written       kBreak + runs   kAnonymous, kOwn   kFile, sums  kOwnFile  kMainStack
//
// mincore(2) says which pages of private memory are there for a hundredth of what /proc/self/smaps costs
// (with 1 GiB resident: 0.6 ms, and 33 ms). It would answer for the page cache where a file is mapped: these
// few pages are looked up in /proc/self/pagemap. The page of zeros that the kernel puts where untouched
// memory is read counts for mincore but not as process memory; when the sum shows that, everything is read
// again from pagemap, which tells them apart.
#pragma once

#include <cstdint>

#include "memtrace/trace_format.h"
#include "preload/trace/log_writer.h"
#include "preload/trace/trace_file.h"

namespace memtrace::preload {

// jemalloc's mallctl(3).
using MallctlFunction = int (*)(const char*, void*, std::size_t*, void*, std::size_t);

struct MemoryRequest {
  std::uint32_t thread = 0;
  format::CheckpointReason reason = format::CheckpointReason::kPeriodic;
  format::ServingAllocator allocator = format::ServingAllocator::kOther;
  // Asked for its statistics; null: not. It takes jemalloc's locks: only where the program cannot hold them.
  MallctlFunction mallctl = nullptr;
  bool is_forked = false;  // the process began as a fork
};

struct MemoryCost {
  std::uint64_t ns =
      0;  // of the thread's CPU time: on a busy machine a reading is as cheap as on an idle one
  std::uint64_t bytes = 0;  // of log
};

// Lives in memory that is zero in a forked child. Thread-safe: a thread that comes while another reads does
// nothing, or waits if it is for a mark.
class MemoryReader {
 public:
  // Takes a reading and appends it to the log. False: none could be taken (no /proc, no memory, another
  // thread is at it). A tenth of a millisecond for a small program, half a microsecond a MiB for large ones.
  bool Read(const MemoryRequest& request, const TraceFile& file, LogWriter& log, MemoryCost* cost);

 private:
  struct Scratch;

  // False: another thread is at it.
  bool Begin(bool may_wait);

  std::atomic<bool> is_reading_;
  std::uint32_t readings_;
  Scratch* scratch_;
};

}  // namespace memtrace::preload
