// SPDX-License-Identifier: MIT
// The reader's side of the window seqlock, done with pread: three calls, whose order is what makes it sound.
#include "analyzer/reader/window_copies.h"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <optional>

#include "analyzer/reader/event_decoder.h"

namespace memtrace::reader {
namespace {

// A window changes hands within nanoseconds; only a thread that lost its core then, or its life, takes
// longer.
constexpr int kMaxTries = 64;

// How many bytes of events the part of the chunk that is in the file can hold.
std::uint64_t RoomOf(const ChunkRef& chunk) {
  return chunk.stored_bytes > format::kWindowDataOffset ? chunk.stored_bytes - format::kWindowDataOffset : 0;
}

// The same by the chunk's header, and never more than the format allows.
std::uint64_t RoomAsDeclared(const ChunkRef& chunk) {
  const std::uint64_t room =
      chunk.size_bytes > format::kWindowDataOffset ? chunk.size_bytes - format::kWindowDataOffset : 0;
  return std::min<std::uint64_t>(room, format::kWindowDataBytes);
}

bool TryCopy(const TraceFile& file, const ChunkRef& chunk, const format::WindowHeader& before,
             WindowCopy* copy) {
  const std::uint64_t wanted = std::min(before.used_bytes, RoomOf(chunk));
  copy->data.assign(wanted + EventDecoder::kPaddingBytes, 0);
  copy->data_bytes = file.ReadAt(chunk.offset + format::kWindowDataOffset, copy->data.data(), wanted);
  format::WindowHeader after{};
  if (!file.ReadStruct(chunk.offset + sizeof(format::ChunkHeader), &after)) return false;
  copy->offset = chunk.offset;
  copy->thread = before.thread;
  copy->sequence = before.sequence;
  copy->base_ticks = before.base_ticks;
  return after.version == before.version && after.used_bytes >= before.used_bytes;
}

std::optional<WindowCopy> CopyWindow(const TraceFile& file, const ChunkRef& chunk, DamageLog* damage) {
  for (int tries = 0; tries < kMaxTries; ++tries) {
    format::WindowHeader header{};
    if (!file.ReadStruct(chunk.offset + sizeof(format::ChunkHeader), &header)) return std::nullopt;
    if ((header.version & 1) == 0) {
      if (header.in_use == 0 || header.used_bytes == 0) return std::nullopt;
      if (header.used_bytes > RoomAsDeclared(chunk)) {
        damage->Add(chunk.offset, fmt::format("a window claims {} bytes of events, more than it has room for",
                                              header.used_bytes));
        return std::nullopt;
      }
      WindowCopy copy;
      if (TryCopy(file, chunk, header, &copy)) return copy;
    }
    sched_yield();
  }
  return std::nullopt;
}

}  // namespace

std::vector<WindowCopy> CopyWindows(const TraceFile& file, const std::vector<ChunkRef>& chunks,
                                    DamageLog* damage) {
  std::vector<WindowCopy> copies;
  for (const ChunkRef& chunk : chunks) {
    if (chunk.kind != format::ChunkKind::kWindow) continue;
    if (auto copy = CopyWindow(file, chunk, damage)) copies.push_back(std::move(*copy));
  }
  return copies;
}

}  // namespace memtrace::reader
