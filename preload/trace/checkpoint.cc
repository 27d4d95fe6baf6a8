// SPDX-License-Identifier: MIT
#include "preload/trace/checkpoint.h"

#include <malloc.h>
#include <sys/resource.h>

#include <atomic>

#include "preload/base/arena.h"
#include "preload/base/clock.h"
#include "preload/base/syscalls.h"
#include "preload/trace/statm.h"

namespace memtrace::preload {
namespace {

using format::LogCheckpoint;

void ReadPeak(LogCheckpoint* out) {
  rusage usage{};
  if (sys::Call(SYS_getrusage, RUSAGE_SELF, sys::AsLong(&usage)) == 0) {
    out->resident_peak_bytes = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
  }
}

void ReadAllocator(LogCheckpoint* out) {
  const struct mallinfo2 info = ::mallinfo2();
  out->allocator_arena_bytes = info.arena;
  out->allocator_mapped_bytes = info.hblkhd;
  out->allocator_in_use_bytes = info.uordblks;
  out->allocator_free_bytes = info.fordblks;
}

}  // namespace

std::uint64_t TakeCheckpoint(TraceFile& file, LogWriter& log, std::uint32_t thread, format::CheckpointReason reason,
                             bool ask_allocator) {
  LogCheckpoint checkpoint;
  checkpoint.thread = thread;
  checkpoint.reason = static_cast<std::uint32_t>(reason);
  const Statm statm = ReadStatm();
  checkpoint.resident_bytes = statm.resident_bytes;
  checkpoint.resident_file_bytes = statm.resident_file_bytes;
  checkpoint.virtual_bytes = statm.virtual_bytes;
  checkpoint.resident_peak_bytes = format::kUnknown;
  checkpoint.allocator_arena_bytes = checkpoint.allocator_mapped_bytes = format::kUnknown;
  checkpoint.allocator_in_use_bytes = checkpoint.allocator_free_bytes = format::kUnknown;
  ReadPeak(&checkpoint);
  if (ask_allocator) ReadAllocator(&checkpoint);

  format::FileHeader* header = file.header();
  checkpoint.own_private_bytes = OwnPrivateBytes();
  checkpoint.own_mapped_bytes = std::atomic_ref<std::uint64_t>(header->own_mapped_bytes).load();
  checkpoint.monotonic_ns = MonotonicNs();
  const std::uint64_t ticks = NowTicks();
  std::atomic_ref<std::uint64_t>(header->own_private_bytes).store(checkpoint.own_private_bytes);
  std::atomic_ref<std::uint64_t>(header->latest_ticks).store(ticks);
  std::atomic_ref<std::uint64_t>(header->latest_monotonic_ns).store(checkpoint.monotonic_ns);
  log.Append(format::LogType::kCheckpoint, ticks, Bytes{&checkpoint, sizeof(checkpoint)});
  return checkpoint.resident_bytes;
}

}  // namespace memtrace::preload
