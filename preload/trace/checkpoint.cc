// SPDX-License-Identifier: MIT
#include "preload/trace/checkpoint.h"

#include <fcntl.h>
#include <malloc.h>
#include <sys/resource.h>

#include <atomic>

#include "preload/base/arena.h"
#include "preload/base/clock.h"
#include "preload/base/syscalls.h"

namespace memtrace::preload {
namespace {

using format::LogCheckpoint;

// Reads the decimal number at *p and moves past it and the blank behind it.
std::uint64_t TakeNumber(const char** p) {
  std::uint64_t value = 0;
  while (**p >= '0' && **p <= '9') value = value * 10 + static_cast<unsigned>(*(*p)++ - '0');
  if (**p == ' ') ++*p;
  return value;
}

// proc(5), /proc/pid/statm: size resident shared text lib data dt, in pages.
void ReadStatm(LogCheckpoint* out) {
  const long fd = sys::Call(SYS_openat, AT_FDCWD, sys::AsLong("/proc/self/statm"), O_RDONLY | O_CLOEXEC);
  if (sys::IsError(fd)) return;
  char text[128];
  const long bytes = sys::Call(SYS_read, fd, sys::AsLong(text), sizeof(text) - 1);
  sys::Call(SYS_close, fd);
  if (bytes <= 0) return;
  text[bytes] = '\0';
  const char* p = text;
  out->virtual_bytes = TakeNumber(&p) * format::kPageBytes;
  out->resident_bytes = TakeNumber(&p) * format::kPageBytes;
  out->resident_file_bytes = TakeNumber(&p) * format::kPageBytes;
}

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

void TakeCheckpoint(TraceFile& file, LogWriter& log, std::uint32_t thread, format::CheckpointReason reason,
                    bool ask_allocator) {
  LogCheckpoint checkpoint;
  checkpoint.thread = thread;
  checkpoint.reason = static_cast<std::uint32_t>(reason);
  checkpoint.resident_bytes = checkpoint.resident_file_bytes = checkpoint.virtual_bytes = format::kUnknown;
  checkpoint.resident_peak_bytes = format::kUnknown;
  checkpoint.allocator_arena_bytes = checkpoint.allocator_mapped_bytes = format::kUnknown;
  checkpoint.allocator_in_use_bytes = checkpoint.allocator_free_bytes = format::kUnknown;
  ReadStatm(&checkpoint);
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
}

}  // namespace memtrace::preload
