// SPDX-License-Identifier: MIT
#include "preload/trace/memory_reading.h"

#include "memtrace/mapping_kinds.h"
#include "preload/base/arena.h"
#include "preload/base/clock.h"
#include "preload/base/fork_local.h"
#include "preload/trace/maps_file.h"
#include "preload/trace/range_writer.h"
#include "preload/trace/residency.h"
#include "preload/trace/statm.h"

namespace memtrace::preload {
namespace {

using format::LogMemory;
using format::MemoryKind;

// Sums of our own sort: at most a few hundred ranges as a rule.
void Sort(OwnRange* ranges, std::size_t count) {
  for (std::size_t gap = count / 2; gap > 0; gap /= 2) {
    for (std::size_t i = gap; i < count; ++i) {
      const OwnRange moved = ranges[i];
      std::size_t to = i;
      for (; to >= gap && ranges[to - gap].start > moved.start; to -= gap) ranges[to] = ranges[to - gap];
      ranges[to] = moved;
    }
  }
}

void AskJemalloc(MallctlFunction mallctl, LogMemory* out) {
  std::uint64_t epoch = 1;
  std::size_t bytes = sizeof(epoch);
  if (mallctl("epoch", &epoch, &bytes, &epoch, sizeof(epoch)) != 0) return;
  const struct {
    const char* name;
    std::uint64_t* value;
  } statistics[] = {{"stats.allocated", &out->jemalloc_allocated_bytes},
                    {"stats.active", &out->jemalloc_active_bytes},
                    {"stats.metadata", &out->jemalloc_metadata_bytes},
                    {"stats.resident", &out->jemalloc_resident_bytes},
                    {"stats.retained", &out->jemalloc_retained_bytes}};
  for (const auto& statistic : statistics) {
    std::size_t value = 0;
    bytes = sizeof(value);
    if (mallctl(statistic.name, &value, &bytes, nullptr, 0) == 0) *statistic.value = value;
  }
}

}  // namespace

// One reading under way.
struct MemoryReader::Scratch {
  MapsFile maps;
  Residency residency;
  RangeWriter writer;
  OwnRange own[kMaxOwnRanges];
  bool by_pagemap;  // private memory too
  bool knows_files;
  MapsLine line;
  format::MappingKinds<OwnRange> kinds;

  void ReadAll(const TraceFile& file);
  void WritePages(std::uint64_t start, std::uint64_t end, MemoryKind kind);
};

// Another thread's reading at this moment is nearly the same one. A mark is asked for by a person: it waits
// for its own.
bool MemoryReader::Begin(bool may_wait) {
  constexpr unsigned kWaits = 200;
  const timespec wait{0, 100'000};
  for (unsigned i = 0; is_reading_.exchange(true, std::memory_order_acquire); ++i) {
    if (!may_wait || i == kWaits) return false;
    sys::Call(SYS_nanosleep, sys::AsLong(&wait), 0);
  }
  return true;
}

bool MemoryReader::Read(const MemoryRequest& request, const TraceFile& file, LogWriter& log,
                        MemoryCost* cost) {
  if (!Begin(request.reason == format::CheckpointReason::kMark)) return false;
  const std::uint64_t begun_ns = ThreadCpuNs();
  if (scratch_ == nullptr) scratch_ = static_cast<Scratch*>(MapForkLocal(sizeof(Scratch)));
  Scratch* scratch = scratch_;
  bool is_read = false;
  if (scratch != nullptr && scratch->maps.Open()) {
    scratch->residency.Open();
    LogMemory head{};
    head.thread = request.thread;
    head.reason = static_cast<std::uint32_t>(request.reason);
    head.allocator = static_cast<std::uint32_t>(request.allocator);
    head.jemalloc_allocated_bytes = head.jemalloc_active_bytes = head.jemalloc_metadata_bytes =
        format::kUnknown;
    head.jemalloc_resident_bytes = head.jemalloc_retained_bytes = format::kUnknown;
    head.flags = request.is_forked ? format::kMemoryIsForked : 0;
    scratch->knows_files = scratch->residency.has_pagemap();
    for (const bool by_pagemap : {false, true}) {
      if (by_pagemap && !scratch->maps.Open()) break;
      head.number = readings_++;
      scratch->by_pagemap = by_pagemap;
      scratch->writer.Start(&log, head);
      scratch->ReadAll(file);
      scratch->maps.Close();
      const Statm statm = ReadStatm();
      head.resident_bytes = statm.resident_bytes;
      head.resident_file_bytes = statm.resident_file_bytes;
      // The kernel's own sums may be off by some pages a thread.
      const std::uint64_t counted = scratch->writer.private_pages() * format::kPageBytes;
      const std::uint64_t summed = statm.resident_bytes - statm.resident_file_bytes;
      const bool has_zeros =
          statm.resident_bytes != format::kUnknown && counted > summed + summed / 32 + (1 << 20);
      if (!has_zeros || by_pagemap || !scratch->knows_files) break;
    }
    if (!scratch->knows_files && head.resident_file_bytes != format::kUnknown) {
      const std::uint64_t known = scratch->writer.file_pages() * format::kPageBytes;
      const std::uint64_t all = head.resident_file_bytes;
      scratch->writer.AddSmallFile(all > known ? (all - known) / format::kPageBytes : 0);
    }
    scratch->residency.Close();
    if (request.mallctl != nullptr) AskJemalloc(request.mallctl, &head);
    head.flags |= format::kMemoryIsLast | (scratch->knows_files ? 0 : format::kMemoryNoFiles);
    head.cost_ns = ThreadCpuNs() - begun_ns;
    scratch->writer.Finish(head);
    *cost = {ThreadCpuNs() - begun_ns, scratch->writer.written_bytes()};
    is_read = true;
  }
  is_reading_.store(false, std::memory_order_release);
  return is_read;
}

void MemoryReader::Scratch::ReadAll(const TraceFile& file) {
  const std::size_t own_count = OwnRanges(own);
  Sort(own, own_count);
  kinds.Start(own, own_count, {file.path().c_str(), file.inode()});
  const auto write = [this](std::uint64_t start, std::uint64_t end, MemoryKind kind) {
    WritePages(start, end, kind);
  };
  while (maps.Next(&line)) {
    if (!format::IsKernels(line.name)) kinds.Take(line, line.name, write);
  }
  kinds.Finish(write);
}

void MemoryReader::Scratch::WritePages(std::uint64_t start, std::uint64_t end, MemoryKind kind) {
  if (end - start > format::kMaxReadBytes) return;
  const bool is_file = format::IsFileKind(kind);
  writer.Begin(start, kind);
  for (std::uint64_t at = start; at < end;) {
    const std::uint64_t left = (end - at) / format::kPageBytes;
    const std::size_t pages = left < Residency::kPagesAtOnce ? left : Residency::kPagesAtOnce;
    const PageState* states =
        !is_file && !by_pagemap ? residency.ByMincore(at, pages) : residency.ByPagemap(at, pages);
    for (std::size_t i = 0; states != nullptr && i < pages;) {
      const PageState state = states[i];
      std::size_t next = i + 1;
      while (next < pages && states[next] == state) ++next;
      writer.Add(format::CountedState(kind, state), next - i);
      i = next;
    }
    at += pages * format::kPageBytes;
  }
  writer.End(is_file ? line.name : nullptr, is_file ? line.name_bytes : 0);
}

}  // namespace memtrace::preload
