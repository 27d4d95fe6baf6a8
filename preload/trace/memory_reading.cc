// SPDX-License-Identifier: MIT
#include "preload/trace/memory_reading.h"

#include <string.h>

#include "preload/base/arena.h"
#include "preload/base/clock.h"
#include "preload/base/fork_local.h"
#include "preload/base/text.h"
#include "preload/trace/maps_file.h"
#include "preload/trace/range_writer.h"
#include "preload/trace/residency.h"
#include "preload/trace/statm.h"

namespace memtrace::preload {
namespace {

using format::LogMemory;
using format::MemoryKind;

constexpr std::uint64_t kMaxGuardBytes = 1 << 20;  // larger forbidden ranges are no guard of a stack

// Larger ones are some sanitizer's shadow of the whole address space, and take minutes.
constexpr std::uint64_t kMaxRangeBytes = 64ULL << 30;

const char* LastComponent(const char* path) {
  const char* last = path;
  for (const char* p = path; *p != '\0'; ++p) {
    if (*p == '/') last = p + 1;
  }
  return last;
}

bool IsAnonymous(const MapsLine& line) {
  return line.inode == 0 && !line.is_shared;
}

// Mappings of the kernel's own, which count for nobody.
bool IsKernels(const MapsLine& line) {
  return StartsWith(line.name, "[v");
}

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
  std::size_t own_count;
  std::size_t next_own;  // the first that does not end before where we are
  bool by_pagemap;       // private memory too
  bool knows_files;
  MapsLine line;
  MapsLine before;   // the line before that one
  MapsLine waiting;  // private memory whose kind the next line may tell
  MemoryKind waiting_kind;
  bool is_waiting;

  void ReadAll(const TraceFile& file);
  void Take(const TraceFile& file);
  void TakeFile(const TraceFile& file);
  void WriteWaiting();
  void WritePrivate(std::uint64_t start, std::uint64_t end, MemoryKind kind);
  void WritePages(std::uint64_t start, std::uint64_t end, MemoryKind kind, const char* name,
                  std::size_t name_bytes);
  MemoryKind PrivateKind() const;
  MemoryKind FileKind(const TraceFile& file) const;
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
  own_count = OwnRanges(own);
  Sort(own, own_count);
  next_own = 0;
  is_waiting = false;
  before = MapsLine{};
  while (maps.Next(&line)) {
    if (IsKernels(line)) continue;
    Take(file);
    before = line;
  }
  if (is_waiting) WriteWaiting();
}

void MemoryReader::Scratch::Take(const TraceFile& file) {
  const bool is_arenas_rest = is_waiting && IsAnonymous(line) && !line.is_accessible &&
                              line.start == waiting.end && line.end % format::kArenaBytes == 0;
  const std::uint64_t arena = line.end - format::kArenaBytes;
  if (is_arenas_rest && arena >= waiting.start && arena < waiting.end) {
    const std::uint64_t end = waiting.end;
    // A full arena's neighbour continues its range.
    const std::uint64_t first = waiting.start % format::kArenaBytes == 0 ? waiting.start : arena;
    waiting.end = first;
    if (waiting.end > waiting.start) WriteWaiting();
    WritePrivate(first, end, MemoryKind::kArena);
    is_waiting = false;
  }
  if (is_waiting) WriteWaiting();
  if (!line.is_accessible && line.inode == 0) return;
  if (!IsAnonymous(line)) return TakeFile(file);
  waiting = line;
  waiting_kind = PrivateKind();
  is_waiting = true;
}

MemoryKind MemoryReader::Scratch::PrivateKind() const {
  if (Equal(line.name, "[heap]")) return MemoryKind::kBreak;
  if (Equal(line.name, "[stack]")) return MemoryKind::kMainStack;
  const bool follows = before.end == line.start;
  const bool is_guarded = follows && IsAnonymous(before) && !before.is_accessible &&
                          before.end - before.start <= kMaxGuardBytes &&
                          line.start % format::kArenaBytes != 0;
  if (is_guarded) return MemoryKind::kThreadStack;
  const bool follows_data = follows && before.inode != 0 && before.is_writable && !before.is_shared;
  return follows_data && line.is_writable ? MemoryKind::kModuleData : MemoryKind::kAnonymous;
}

MemoryKind MemoryReader::Scratch::FileKind(const TraceFile& file) const {
  const char* name = LastComponent(line.name);
  if (StartsWith(name, "libmemtrace.so")) return MemoryKind::kOwnFile;
  const bool is_trace = line.inode == file.inode() && line.is_shared && line.is_writable;
  if (is_trace && StartsWith(name, LastComponent(file.path().c_str()))) return MemoryKind::kOwnFile;
  const bool has_no_file =
      line.is_shared && (line.inode == 0 || StartsWith(line.name, "/dev/zero") ||
                         StartsWith(line.name, "/memfd:") || StartsWith(line.name, "/SYSV"));
  return has_no_file ? MemoryKind::kShared : MemoryKind::kFile;
}

void MemoryReader::Scratch::TakeFile(const TraceFile& file) {
  WritePages(line.start, line.end, FileKind(file), line.name, line.name_bytes);
}

void MemoryReader::Scratch::WriteWaiting() {
  WritePrivate(waiting.start, waiting.end, waiting_kind);
  is_waiting = false;
}

// Cuts out what is our own.
void MemoryReader::Scratch::WritePrivate(std::uint64_t start, std::uint64_t end, MemoryKind kind) {
  while (start < end) {
    while (next_own < own_count && own[next_own].end <= start) ++next_own;
    const bool has_own = next_own < own_count && own[next_own].start < end;
    const std::uint64_t until = has_own && own[next_own].start > start ? own[next_own].start : end;
    if (has_own && own[next_own].start <= start) {
      const std::uint64_t own_end = own[next_own].end < end ? own[next_own].end : end;
      WritePages(start, own_end, MemoryKind::kOwn, nullptr, 0);
      start = own_end;
      continue;
    }
    WritePages(start, until, kind, nullptr, 0);
    start = until;
  }
}

void MemoryReader::Scratch::WritePages(std::uint64_t start, std::uint64_t end, MemoryKind kind,
                                       const char* name, std::size_t name_bytes) {
  const bool is_private =
      kind != MemoryKind::kFile && kind != MemoryKind::kOwnFile && kind != MemoryKind::kShared;
  if (end - start > kMaxRangeBytes) return;
  writer.Begin(start, kind);
  for (std::uint64_t at = start; at < end;) {
    const std::uint64_t left = (end - at) / format::kPageBytes;
    const std::size_t pages = left < Residency::kPagesAtOnce ? left : Residency::kPagesAtOnce;
    const PageState* states =
        is_private && !by_pagemap ? residency.ByMincore(at, pages) : residency.ByPagemap(at, pages);
    for (std::size_t i = 0; states != nullptr && i < pages;) {
      const PageState state = states[i];
      std::size_t next = i + 1;
      while (next < pages && states[next] == state) ++next;
      // Private memory may be common with a forked child too, but then there would be no zeros to look for.
      writer.Add(is_private && state == PageState::kCommon ? PageState::kAbsent : state, next - i);
      i = next;
    }
    at += pages * format::kPageBytes;
  }
  writer.End(name, name_bytes);
}

}  // namespace memtrace::preload
