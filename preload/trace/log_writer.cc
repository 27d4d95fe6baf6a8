// SPDX-License-Identifier: MIT
#include "preload/trace/log_writer.h"

#include <string.h>
#include <sys/mman.h>

#include "preload/base/syscalls.h"

namespace memtrace::preload {
namespace {

using format::ChunkHeader;
using format::LogHeader;
using format::LogRecord;

LogHeader* HeaderOf(ChunkHeader* chunk) { return reinterpret_cast<LogHeader*>(chunk + 1); }

}  // namespace

bool LogWriter::Init(TraceFile* file) {
  file_ = file;
  auto* chunk = static_cast<ChunkHeader*>(file->MapChunk(format::ChunkKind::kLog, kFirstLogBytes));
  chunk_.store(chunk, std::memory_order_release);
  return chunk != nullptr;
}

// One thread maps the next chunk, others wait the few microseconds for it. Who must not wait is a signal handler on
// top of the very thread that maps; and nobody waits for ever, should that thread be cancelled on its way.
ChunkHeader* LogWriter::Grow(ChunkHeader* full, std::size_t record_bytes) {
  constexpr int kMaxYields = 100'000;
  const auto self = static_cast<std::uint32_t>(sys::Call(SYS_gettid));
  std::uint32_t nobody = 0;
  for (int yields = 0; !growing_tid_.compare_exchange_strong(nobody, self, std::memory_order_acquire); ++yields) {
    if (nobody == self || yields == kMaxYields) return nullptr;
    nobody = 0;
    sys::Call(SYS_sched_yield);
  }
  ChunkHeader* chunk = chunk_.load(std::memory_order_acquire);
  if (chunk == full) {
    const std::size_t needed = sizeof(ChunkHeader) + sizeof(LogHeader) + record_bytes;
    const std::size_t bytes = needed <= kLogBytes ? kLogBytes : (needed + kLogBytes - 1) / kLogBytes * kLogBytes;
    chunk = static_cast<ChunkHeader*>(file_->MapChunk(format::ChunkKind::kLog, bytes));
    if (chunk != nullptr) {
      chunk_.store(chunk, std::memory_order_release);
      // What is full need not stay in the process: it is in the file. Who still writes there finds it again.
      sys::Call(SYS_madvise, sys::AsLong(full), static_cast<long>(full->size_bytes), MADV_DONTNEED);
    }
  }
  growing_tid_.store(0, std::memory_order_release);
  return chunk;
}

bool LogWriter::Append(format::LogType type, std::uint64_t ticks, Bytes fixed, Bytes first, Bytes second, Bytes third) {
  const std::size_t content_bytes = fixed.size + first.size + second.size + third.size;
  const std::size_t record_bytes = (sizeof(LogRecord) + content_bytes + 7) & ~std::size_t{7};
  ChunkHeader* chunk = chunk_.load(std::memory_order_acquire);
  while (chunk != nullptr) {
    const std::size_t room = chunk->size_bytes - sizeof(ChunkHeader) - sizeof(LogHeader);
    std::atomic_ref<std::uint32_t> used(HeaderOf(chunk)->used_bytes);
    const std::size_t at = used.load(std::memory_order_relaxed) + record_bytes > room
                               ? room
                               : used.fetch_add(static_cast<std::uint32_t>(record_bytes), std::memory_order_relaxed);
    if (at + record_bytes > room) {
      chunk = Grow(chunk, record_bytes);
      continue;
    }
    char* out = reinterpret_cast<char*>(HeaderOf(chunk) + 1) + at;
    auto* record = reinterpret_cast<LogRecord*>(out);
    out += sizeof(LogRecord);
    for (const Bytes& part : {fixed, first, second, third}) {
      if (part.size == 0) continue;
      memcpy(out, part.data, part.size);
      out += part.size;
    }
    record->type = static_cast<std::uint32_t>(type);
    record->ticks = ticks;
    std::atomic_ref<std::uint32_t>(record->size_bytes)
        .store(static_cast<std::uint32_t>(record_bytes), std::memory_order_release);
    return true;
  }
  return false;
}

}  // namespace memtrace::preload
