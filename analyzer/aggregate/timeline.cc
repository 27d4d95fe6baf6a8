// SPDX-License-Identifier: MIT
// Cuts the stream of events at slice ends and marks, and reads the ledger there; in between no event costs
// more than it does for a profile.
#include "analyzer/aggregate/timeline.h"

#include <algorithm>
#include <limits>
#include <span>

#include "analyzer/aggregate/ledger.h"
#include "analyzer/aggregate/live_blocks.h"
#include "analyzer/aggregate/mappings.h"
#include "analyzer/aggregate/selection.h"

namespace memtrace::aggregate {
namespace {

constexpr std::uint64_t kForever = std::numeric_limits<std::uint64_t>::max();

// Saturates: times of a damaged trace may be anything.
std::uint64_t Sum(std::uint64_t a, std::uint64_t b) {
  return a > kForever - b ? kForever : a + b;
}

// Two neighbours become one.
TimelineSlice Joined(const TimelineSlice& first, const TimelineSlice& second) {
  TimelineSlice both = second;
  if (first.highest_bytes >= second.highest_bytes) {
    both.highest_bytes = first.highest_bytes;
    both.highest_time_ns = first.highest_time_ns;
  }
  both.allocated += first.allocated;
  both.frees += first.frees;
  return both;
}

// Where the end is open, slices are taken that much finer at first. An exit handler's frees, a moment after
// the end that the file tells, then cost a ninth of the resolution and not half of it.
constexpr std::size_t kFiner = 16;
constexpr std::size_t kMostFineSlices = 200'000;

// Joins as many neighbours as it takes to have no more than `max_slices`.
void Coarsen(Timeline* line, std::size_t max_slices) {
  const std::size_t count = line->slices.size();
  const std::size_t factor = (count + max_slices - 1) / max_slices;
  std::vector<TimelineSlice> joined;
  for (std::size_t i = 0; i < count; ++i) {
    if (i % factor == 0) {
      joined.push_back(line->slices[i]);
    } else {
      joined.back() = Joined(joined.back(), line->slices[i]);
    }
  }
  line->slices = std::move(joined);
  if (__builtin_mul_overflow(line->slice_ns, factor, &line->slice_ns)) line->slice_ns = kForever;
}

struct TimeRange {
  std::uint64_t first_ns = 0;
  std::optional<std::uint64_t> last_ns;  // none: the end of the recording, wherever that turns out to be
};

// `query` has no peaks any more.
TimeRange RangeOf(const Query& query, std::uint64_t duration_ns) {
  TimeRange range;
  if (query.from)
    range.first_ns = query.from->kind == Moment::Kind::kTime ? query.from->time_ns : duration_ns;
  if (query.to && query.to->kind == Moment::Kind::kTime) range.last_ns = query.to->time_ns;
  return range;
}

class TimelineBuilder {
 public:
  // `selection` is of `domain`, null: all blocks.
  TimelineBuilder(const reader::TraceReader& reader, Domain domain, const Selection* selection,
                  const TimeRange& range, std::size_t max_slices)
      : reader_(reader),
        trace_(reader.trace()),
        domain_(domain),
        max_slices_(max_slices),
        last_ns_(range.last_ns.value_or(kForever)),
        blocks_(trace_.sites, trace_.threads.size(), HasBlocks(domain) ? selection : nullptr),
        mappings_(trace_.sites, domain, HasBlocks(domain) ? nullptr : selection) {
    line_.domain = domain;
    line_.from_ns = range.first_ns;
    line_.to_ns = std::max(range.last_ns.value_or(trace_.info.duration_ns), range.first_ns);
    // An open end has no last moment that must lie in a slice: what comes then finds its place.
    const std::uint64_t length =
        std::max<std::uint64_t>(Sum(line_.to_ns - line_.from_ns, range.last_ns ? 1 : 0), 1);
    line_.slice_ns = length / max_slices_ + (length % max_slices_ == 0 ? 0 : 1);
    FindMarks();
    if (line_.from_ns == 0) Begin();
    SetStop();
  }

  void Visit(std::span<const model::Event> events, reader::OrderRepair* repair = nullptr) {
    repair_ = repair;
    while (!is_done_ && !events.empty() && events.back().ticks > stop_tick_) {
      const auto is_before = [this](const model::Event& event) { return event.ticks <= stop_tick_; };
      const auto behind = std::partition_point(events.begin(), events.end(), is_before);
      const auto count = static_cast<std::size_t>(behind - events.begin());
      Apply(events.first(count));
      events = events.subspan(count);
      ReachStop();
    }
    if (is_done_ || events.empty()) return;
    Apply(events);
    last_tick_ = events.back().ticks;
  }

  Timeline Finish() {
    blocks_.Finish();
    if (!has_begun_) Begin();
    if (!is_done_) {
      if (last_ns_ == kForever) line_.to_ns = std::max(line_.to_ns, reader_.TimeNs(last_tick_));
      ReachMarksUntil(last_ns_);
      do {
        CloseSlice();
      } while (line_.slices.size() < max_slices_ && line_.StartOf(line_.slices.size()) <= line_.to_ns);
    }
    for (const TimelineSlice& slice : line_.slices) {
      if (slice.highest_bytes > line_.peak_bytes) {
        line_.peak_bytes = slice.highest_bytes;
        line_.peak_time_ns = slice.highest_time_ns;
      }
      line_.allocated += slice.allocated;
      line_.frees += slice.frees;
    }
    return std::move(line_);
  }

 private:
  const Ledger& ledger() const { return HasBlocks(domain_) ? blocks_.ledger() : mappings_.ledger(); }
  std::uint64_t frees() const { return HasBlocks(domain_) ? blocks_.counts().frees : mappings_.frees(); }

  void FindMarks() {
    for (std::size_t i = 0; i < trace_.marks.size(); ++i) {
      const std::uint64_t time_ns = trace_.marks[i].time_ns;
      if (time_ns >= line_.from_ns && time_ns <= last_ns_) marks_.push_back(i);
    }
    std::stable_sort(marks_.begin(), marks_.end(), [this](std::size_t a, std::size_t b) {
      return trace_.marks[a].time_ns < trace_.marks[b].time_ns;
    });
  }

  void Apply(std::span<const model::Event> events) {
    if (HasBlocks(domain_)) {
      blocks_.Apply(events, repair_);
      return;
    }
    for (const model::Event& event : events) {
      if (event.type >= model::EventType::kMap) mappings_.Apply(event);
    }
  }

  // The last moment of the slice that is open.
  std::uint64_t EndOfSlice() const { return line_.StartOf(line_.slices.size() + 1) - 1; }

  // The next moment at which something is read: the range's beginning, a slice's end, a mark.
  void SetStop() {
    stop_ns_ = has_begun_ ? std::min(EndOfSlice(), last_ns_) : line_.from_ns - 1;
    if (has_begun_ && next_mark_ < marks_.size()) {
      stop_ns_ = std::min(stop_ns_, trace_.marks[marks_[next_mark_]].time_ns);
    }
    stop_tick_ = reader_.LastTickAt(stop_ns_);
  }

  // All events up to the stop are applied, and there are others behind it.
  void ReachStop() {
    if (!has_begun_) {
      Begin();
    } else {
      ReachMarksUntil(stop_ns_);
      is_done_ = stop_ns_ >= last_ns_;
      if (is_done_ || stop_ns_ >= EndOfSlice()) CloseSlice();
      if (!is_done_ && line_.slices.size() == max_slices_) JoinSlices();
    }
    SetStop();
  }

  void Begin() {
    has_begun_ = true;
    TakeHighest(line_.from_ns);
    total_ = ledger().total();
    frees_ = frees();
  }

  Highest TakeHighest(std::uint64_t next_start_ns) {
    const std::uint64_t ticks = reader_.LastTickAt(next_start_ns);
    return HasBlocks(domain_) ? blocks_.TakeHighest(ticks) : mappings_.TakeHighest(ticks);
  }

  void ReachMarksUntil(std::uint64_t time_ns) {
    while (next_mark_ < marks_.size() && trace_.marks[marks_[next_mark_]].time_ns <= time_ns) {
      line_.marks.push_back({marks_[next_mark_++], ledger().live(), ledger().peak().bytes});
    }
  }

  void CloseSlice() {
    const std::uint64_t start_ns = line_.StartOf(line_.slices.size());
    const Highest highest = TakeHighest(line_.StartOf(line_.slices.size() + 1));
    TimelineSlice slice;
    slice.highest_bytes = highest.bytes;
    slice.highest_time_ns = std::max(start_ns, reader_.TimeNs(highest.ticks));
    slice.live = ledger().live();
    slice.allocated = ledger().total() - total_;
    slice.frees = frees() - frees_;
    total_ = ledger().total();
    frees_ = frees();
    line_.slices.push_back(half_ ? Joined(*half_, slice) : slice);
    half_.reset();
  }

  // An odd one at the end is the first half of the next slice.
  void JoinSlices() {
    std::vector<TimelineSlice>& slices = line_.slices;
    if (slices.size() % 2 == 1) {
      half_ = slices.back();
      slices.pop_back();
    }
    for (std::size_t i = 0; i < slices.size(); i += 2) slices[i / 2] = Joined(slices[i], slices[i + 1]);
    slices.resize(slices.size() / 2);
    line_.slice_ns = Sum(line_.slice_ns, line_.slice_ns);
  }

  const reader::TraceReader& reader_;
  const model::Trace& trace_;
  const Domain domain_;
  const std::size_t max_slices_;
  const std::uint64_t last_ns_;  // nothing behind it is asked for
  LiveBlocks blocks_;
  Mappings mappings_;
  reader::OrderRepair* repair_ = nullptr;  // of the batch that is visited
  std::vector<std::size_t> marks_;         // indexes into the trace's, by time
  std::size_t next_mark_ = 0;
  std::uint64_t stop_ns_ = 0;
  std::uint64_t stop_tick_ = 0;
  std::uint64_t last_tick_ = 0;  // of the events applied
  bool has_begun_ = false;       // the range has
  bool is_done_ = false;
  Amount total_;  // at the end of the last slice
  std::uint64_t frees_ = 0;
  std::optional<TimelineSlice> half_;
  Timeline line_;
};

}  // namespace

std::uint64_t Timeline::StartOf(std::size_t slice) const {
  std::uint64_t offset = 0;
  return __builtin_mul_overflow(slice_ns, slice, &offset) ? kForever : Sum(from_ns, offset);
}

Timeline BuildTimeline(reader::TraceReader& reader, const TimelineRequest& request,
                       const std::function<void(double)>& progress) {
  Query query = request.query;
  ResolvePeaks(reader, query, progress);
  const TimeRange range = RangeOf(query, reader.trace().info.duration_ns);
  query.from.reset();
  query.to.reset();
  OrdinalSet lifetimes;
  if (!query.lifetime_ns.is_all()) {
    lifetimes = FindLifetimes(reader, query.domain, query.lifetime_ns, progress);
  }
  const Selection selection(query, reader, std::move(lifetimes));
  const std::size_t max_slices = std::max<std::size_t>(request.max_slices, 1);
  const std::size_t fine_slices = std::max(max_slices, std::min(max_slices * kFiner, kMostFineSlices));
  TimelineBuilder builder(reader, query.domain, query.needs_selection() ? &selection : nullptr, range,
                          range.last_ns ? max_slices : fine_slices);
  if (HasBlocks(query.domain)) {
    reader.ForEachStampedBatch([&](std::span<const model::Event> events,
                                   reader::OrderRepair& repair) { builder.Visit(events, &repair); },
                               progress);
  } else {
    reader.ForEachBatch([&](std::span<const model::Event> events) { builder.Visit(events); }, progress);
  }
  Timeline line = builder.Finish();
  Coarsen(&line, max_slices);
  return line;
}

}  // namespace memtrace::aggregate
