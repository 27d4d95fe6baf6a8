// SPDX-License-Identifier: MIT
// Takes snapshots, and judges whether the file's end is missing.
#include "analyzer/reader/snapshot.h"

#include <fmt/format.h>
#include <time.h>
#include <x86intrin.h>

#include <algorithm>

#include "analyzer/reader/live_process.h"

namespace memtrace::reader {
namespace {

using format::ChunkKind;
using format::FileHeader;
using format::RecordingState;

constexpr int kMaxRounds = 4;

bool IsRecording(const FileHeader& header) {
  return header.state == static_cast<std::uint32_t>(RecordingState::kRecording);
}

std::uint32_t ThreadLimit(std::uint64_t file_bytes) {
  // model::Event holds 24 bits. Each thread that recorded anything has paid for more than 32 bytes of file.
  return static_cast<std::uint32_t>(std::min<std::uint64_t>((1U << 24) - 1, file_bytes / 32 + 64));
}

// Now, by the recorder's clock; "no limit" where the two clocks together do not look like this machine's.
std::uint64_t CutTicks(const FileHeader& header) {
  constexpr std::uint64_t kToleranceNs = 100'000'000;
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const std::uint64_t now_ns =
      static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000ULL + static_cast<std::uint64_t>(now.tv_nsec);
  const std::uint64_t ticks = header.tick_shift < 64 ? __rdtsc() >> header.tick_shift : 0;
  if (ticks < header.latest_ticks || now_ns < header.start_monotonic_ns) return ~0ULL;
  const std::uint64_t expected_ns = now_ns - header.start_monotonic_ns;
  const std::uint64_t measured_ns = ClockOf(header).Ns(ticks);
  const std::uint64_t difference = std::max(expected_ns, measured_ns) - std::min(expected_ns, measured_ns);
  // The rate is known to a few parts in a million at best; allow for a thousandth of a long run.
  return difference <= kToleranceNs + expected_ns / 1000 ? ticks : ~0ULL;
}

// Chunks that were being added when the process ended or was killed: their space is beyond the file's end for
// good.
bool HasInFlight(const FileHeader& header) {
  return (header.flags & format::kCountsInFlight) != 0 && header.in_flight_bytes != 0;
}

// One round: windows first, then all chunks there are by then.
void Collect(TraceFile* file, Snapshot* snapshot) {
  const bool may_grow = IsRecording(snapshot->header);
  const bool may_be_unfinished = may_grow || HasInFlight(snapshot->header);
  const Unfinished unfinished = may_be_unfinished ? Unfinished::kExpected : Unfinished::kDamage;
  const std::uint64_t trace_id = snapshot->header.trace_id;
  snapshot->damage.clear();
  DamageLog damage(&snapshot->damage);
  file->Refresh();
  snapshot->thread_limit = ThreadLimit(file->size());
  snapshot->chunks = ScanChunks(*file, trace_id, unfinished, may_grow ? nullptr : &damage);
  snapshot->windows = CopyWindows(*file, snapshot->chunks, &damage);
  if (may_grow) {
    file->Refresh();
    snapshot->chunks = ScanChunks(*file, trace_id, unfinished, &damage);
  }
  const SegmentRules rules{snapshot->thread_limit, snapshot->limit_ticks, unfinished};
  snapshot->segments = CollectSegments(*file, snapshot->chunks, snapshot->windows, rules, &damage);
}

bool IsHeld(const SegmentSet& set, std::uint32_t thread, std::uint64_t sequence) {
  return std::any_of(set.threads.begin(), set.threads.end(), [&](const ThreadSegments& candidate) {
    return candidate.thread == thread &&
           std::any_of(candidate.segments.begin(), candidate.segments.end(),
                       [&](const Segment& s) { return s.sequence == sequence && s.window != nullptr; });
  });
}

// A recorder that was killed while it appended an events chunk leaves it incomplete, and its window intact.
bool IsUnfinishedWrite(const TraceFile& file, const ChunkRef& chunk, const SegmentSet& set) {
  format::EventsHeader header{};
  return chunk.kind == ChunkKind::kEvents &&
         file.ReadStruct(chunk.offset + sizeof(format::ChunkHeader), &header) &&
         IsHeld(set, header.thread, header.sequence);
}

bool NodesAreMissing(const TraceFile& file, const Snapshot& snapshot) {
  std::uint64_t room = 0;
  for (const ChunkRef& chunk : snapshot.chunks) {
    format::NodesHeader header{};
    if (chunk.kind != ChunkKind::kNodes ||
        !file.ReadStruct(chunk.offset + sizeof(format::ChunkHeader), &header))
      continue;
    room = std::max<std::uint64_t>(room, std::uint64_t{header.first_id} + header.capacity);
  }
  return snapshot.header.node_count > std::max<std::uint64_t>(room, 1);
}

// file_end runs ahead of the file's size while a chunk is being added. The header says by how much at most;
// where it does not (early recorders), its word alone is enough only in a trace that ended: of a killed one,
// up to a chunk a thread may never have come into being.
bool EndIsMissing(const TraceFile& file, const Snapshot& snapshot) {
  const FileHeader& header = snapshot.header;
  // file_end is aligned; the last chunk need not fill its last line.
  if (header.file_end < file.size() + format::kChunkAlignBytes || snapshot.is_running) return false;
  if ((header.flags & format::kCountsInFlight) != 0) {
    const std::uint64_t in_flight = std::min(header.in_flight_bytes, header.file_end);
    return header.file_end - in_flight >= file.size() + format::kChunkAlignBytes;
  }
  if (header.state == static_cast<std::uint32_t>(RecordingState::kEnded)) return true;
  if (snapshot.segments.missing_windows > 0 || NodesAreMissing(file, snapshot)) return true;
  const std::uint64_t chunk_bytes = format::kWindowBytes + format::kPageBytes;
  const std::uint64_t in_flight = (std::min<std::uint64_t>(header.thread_count, 1 << 24) + 2) * chunk_bytes;
  return header.file_end - file.size() > in_flight;
}

void ReportCut(const TraceFile& file, Snapshot* snapshot) {
  bool is_cut = EndIsMissing(file, *snapshot);
  for (const ChunkRef& chunk : snapshot->chunks) {
    is_cut = is_cut ||
             (chunk.is_cut() && !snapshot->is_running && !IsUnfinishedWrite(file, chunk, snapshot->segments));
  }
  if (!is_cut) return;
  std::uint64_t whole = snapshot->header.file_end;
  if (!snapshot->chunks.empty())
    whole = std::max(whole, snapshot->chunks.back().offset + snapshot->chunks.back().size_bytes);
  DamageLog(&snapshot->damage)
      .Add(file.size(), fmt::format("the file is cut off at byte {}: {} bytes are missing", file.size(),
                                    whole - std::min(whole, file.size())));
}

}  // namespace

TickClock ClockOf(const FileHeader& header) {
  return TickClock({header.start_ticks, header.start_monotonic_ns},
                   {header.latest_ticks, header.latest_monotonic_ns}, header.nominal_ticks_per_second);
}

std::unique_ptr<Snapshot> TakeSnapshot(TraceFile* file, const FileHeader& header) {
  auto snapshot = std::make_unique<Snapshot>();
  snapshot->header = header;
  snapshot->is_running = IsRecording(header) && FindRecorder(*file, header.pid).has_value();
  // A process that is gone may have ended properly since the header was read.
  if (IsRecording(header) && !snapshot->is_running) file->ReadStruct(0, &snapshot->header);
  const bool is_recording = IsRecording(snapshot->header);
  if (snapshot->is_running) snapshot->limit_ticks = CutTicks(header);
  Collect(file, snapshot.get());
  for (int round = 1; is_recording && snapshot->segments.missing_windows > 0 && round < kMaxRounds; ++round) {
    Collect(file, snapshot.get());
  }
  ReportCut(*file, snapshot.get());
  return snapshot;
}

}  // namespace memtrace::reader
