// SPDX-License-Identifier: MIT
// TraceReader: opens, puts the model together from what the parts read, and runs the merge.
#include "analyzer/reader/trace_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>
#include <utility>

#include "analyzer/reader/decode_ahead.h"
#include "analyzer/reader/event_merge.h"
#include "analyzer/reader/file_header.h"
#include "analyzer/reader/log_reader.h"
#include "analyzer/reader/reuse.h"
#include "analyzer/reader/site_reader.h"
#include "analyzer/reader/snapshot.h"
#include "analyzer/reader/symbols_codec.h"

namespace memtrace::reader {
namespace {

// The time of the last event in a segment.
std::uint64_t LastTicksOf(const TraceFile& file, const Segment& segment) {
  SegmentBytes bytes;
  if (bytes.Load(file, segment) != nullptr) return 0;
  EventDecoder decoder;
  decoder.Start(bytes.bytes(), 0, segment.base_ticks, {});
  std::vector<model::Event> batch(256);
  std::uint64_t last = 0;
  for (std::size_t count; (count = decoder.Decode(batch)) > 0;) last = batch[count - 1].ticks;
  return last;
}

TickClock ChooseClock(const format::FileHeader& header, const LogReader& log) {
  ClockReading latest{header.latest_ticks, header.latest_monotonic_ns};
  if (const auto logged = log.LatestReading(); logged && logged->ticks > latest.ticks) latest = *logged;
  return TickClock({header.start_ticks, header.start_monotonic_ns}, latest, header.nominal_ticks_per_second);
}

// The last symbols chunk counts.
void ReadSymbols(const TraceFile& file, const std::vector<ChunkRef>& chunks, model::Symbols* symbols,
                 DamageLog* damage) {
  for (const ChunkRef& chunk : chunks) {
    if (chunk.kind != format::ChunkKind::kSymbols) continue;
    std::vector<std::uint8_t> bytes(chunk.stored_bytes - sizeof(format::ChunkHeader));
    bytes.resize(file.ReadAt(chunk.offset + sizeof(format::ChunkHeader), bytes.data(), bytes.size()));
    if (const char* problem = DecodeSymbols(bytes, symbols)) {
      damage->Add(chunk.offset,
                  fmt::format("the chunk of names {}; they are looked up here instead", problem));
    }
  }
}

std::uint64_t TotalBytes(const SegmentSet& set) {
  std::uint64_t total = 0;
  for (const ThreadSegments& thread : set.threads) {
    for (const Segment& segment : thread.segments) {
      total += segment.window != nullptr ? segment.raw_bytes : segment.stored_bytes;
    }
  }
  return total;
}

}  // namespace

class TraceReader::Impl {
 public:
  Impl(TraceFile file, const format::FileHeader& header)
      : file_(std::move(file)), snapshot_(TakeSnapshot(&file_, header)) {
    trace_.info = InfoFromHeader(snapshot_->header, file_);
    trace_.info.is_running = snapshot_->is_running;
    trace_.damage = std::move(snapshot_->damage);
    DamageLog damage(&trace_.damage);
    // Call sites come before the log in nothing but time: a module is logged before the first site inside it.
    const LogReader log(file_, snapshot_->chunks, &damage);
    clock_ = ChooseClock(snapshot_->header, log);
    trace_.info.ticks_per_second = clock_.ticks_per_second();
    log.Fill(clock_, snapshot_->thread_limit, &trace_, &damage);
    SiteTree tree = ReadSites(file_, snapshot_->chunks, trace_.modules, &damage);
    trace_.sites = std::move(tree.sites);
    canonical_ = std::move(tree.canonical);
    ReadSymbols(file_, snapshot_->chunks, &trace_.symbols, &damage);
    if (!Segments().empty()) {
      trace_.threads.resize(std::max<std::size_t>(trace_.threads.size(), Segments().back().thread + 1));
    }
    trace_.info.duration_ns = clock_.Ns(EndTicks(log));
  }

  const model::Trace& trace() const { return trace_; }
  const TickClock& clock() const { return clock_; }

  template <typename Visit>
  void ForEachBatch(const Visit& visit, const std::function<void(double)>& progress,
                    EventMerge::Repair repair = EventMerge::Repair::kHere) {
    constexpr std::size_t kEventsPerReport = 1U << 16;  // batches are as long as they come
    DamageLog damage(&trace_.damage);
    std::optional<DecodeAhead> ahead;
    if (const unsigned workers = DecodeAhead::UsefulWorkers(Segments()); workers > 0) {
      ahead.emplace(file_, canonical_, Segments(), workers);
    }
    const CursorContext context{&file_, canonical_, snapshot_->limit_ticks, &damage,
                                ahead ? &*ahead : nullptr};
    // A visitor can only ask about the events of the merge itself.
    std::optional<ReuseResolver> reuses;
    if (ReuseResolver::IsNeededFor(trace_)) reuses.emplace(trace_);
    EventMerge merge(&context, Segments(), clock_.TicksIn(kMaxClockSkewNs),
                     reuses ? EventMerge::Repair::kHere : repair);
    const double total = static_cast<double>(std::max<std::uint64_t>(1, TotalBytes(snapshot_->segments)));
    std::size_t unreported = 0;
    for (auto batch = merge.Next(); !batch.empty(); batch = merge.Next()) {
      const std::span<const model::Event> events = reuses ? reuses->Resolve(batch) : batch;
      if constexpr (std::is_invocable_v<Visit, std::span<const model::Event>, OrderRepair&>) {
        visit(events, merge);
      } else {
        visit(events);
      }
      unreported += batch.size();
      if (!progress || unreported < kEventsPerReport) continue;
      unreported = 0;
      progress(static_cast<double>(merge.done_bytes()) / total);
    }
    if (progress) progress(1.0);
  }

 private:
  const std::vector<ThreadSegments>& Segments() const { return snapshot_->segments.threads; }

  // When the recording ended, was killed, or was looked at.
  std::uint64_t EndTicks(const LogReader& log) const {
    const std::uint64_t logged = std::max(log.LastTicks(), snapshot_->header.latest_ticks);
    if (snapshot_->limit_ticks != ~0ULL) return snapshot_->limit_ticks;
    if (trace_.info.end_reason) return logged;
    std::uint64_t last = logged;
    for (const ThreadSegments& thread : Segments()) {
      last = std::max(last, LastTicksOf(file_, thread.segments.back()));
    }
    return last;
  }

  TraceFile file_;
  std::unique_ptr<Snapshot> snapshot_;
  model::Trace trace_;
  TickClock clock_;
  std::vector<model::NodeId> canonical_;
};

Result<TraceReader> TraceReader::Open(const std::string& path) {
  auto file = TraceFile::Open(path);
  if (!file) return file.error();
  const auto header = ReadFileHeader(*file);
  if (!header) return header.error();
  return TraceReader(std::make_unique<Impl>(std::move(file).value(), header.value()));
}

TraceReader::TraceReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TraceReader::TraceReader(TraceReader&&) noexcept = default;
TraceReader& TraceReader::operator=(TraceReader&&) noexcept = default;
TraceReader::~TraceReader() = default;

const model::Trace& TraceReader::trace() const {
  return impl_->trace();
}

void TraceReader::ForEachEvent(const std::function<void(const model::Event&)>& visit,
                               const std::function<void(double)>& progress) {
  impl_->ForEachBatch(
      [&](std::span<const model::Event> batch) {
        for (const model::Event& event : batch) visit(event);
      },
      progress);
}

void TraceReader::ForEachBatch(const std::function<void(std::span<const model::Event>)>& visit,
                               const std::function<void(double)>& progress) {
  impl_->ForEachBatch(visit, progress);
}

void TraceReader::ForEachStampedBatch(
    const std::function<void(std::span<const model::Event>, OrderRepair&)>& visit,
    const std::function<void(double)>& progress) {
  impl_->ForEachBatch(visit, progress, EventMerge::Repair::kByVisitor);
}

std::uint64_t TraceReader::TimeNs(std::uint64_t ticks) const {
  return impl_->clock().Ns(ticks);
}

std::uint64_t TraceReader::LastTickAt(std::uint64_t time_ns) const {
  return impl_->clock().LastTickAt(time_ns);
}

}  // namespace memtrace::reader
