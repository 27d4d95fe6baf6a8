// SPDX-License-Identifier: MIT
// One pass over the events: feeds the domains and stops at each moment that a report asked for.
//
//     events   ──────┬───────────┬────────────┬──►     stops, by time: marks, and the moment wanted if it is
//     a time
//                    mark 0      moment       mark 1   at a stop: live then, peak until then
#include "analyzer/aggregate/profile.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <span>

#include "analyzer/aggregate/block_visits.h"
#include "analyzer/aggregate/ledger.h"
#include "analyzer/aggregate/live_blocks.h"
#include "analyzer/aggregate/mappings.h"

namespace memtrace::aggregate {
namespace {

struct Stop {
  std::uint64_t last_tick = 0;      // the stop is behind all events of this tick
  std::optional<std::size_t> mark;  // neither: the moment wanted
  std::optional<std::size_t> reading = {};
};

class ProfileBuilder {
 public:
  // `selection` chooses within the query's domain; null: all of it.
  ProfileBuilder(const reader::TraceReader& reader, const Query& query, const Selection* selection,
                 MemoryWatch* watch)
      : reader_(reader),
        trace_(reader.trace()),
        query_(query),
        watch_(watch),
        blocks_(trace_.sites, trace_.threads.size(), HasBlocks(query.domain) ? selection : nullptr,
                query.split_by_size),
        mappings_(trace_.sites, HasBlocks(query.domain) ? Domain::kMapped : query.domain,
                  HasBlocks(query.domain) ? nullptr : selection, query.split_by_size) {
    for (std::size_t i = 0; i < trace_.marks.size(); ++i) {
      stops_.push_back({reader.LastTickAt(trace_.marks[i].time_ns), i});
    }
    if (query.moment.kind == Moment::Kind::kTime) {
      stops_.push_back({reader.LastTickAt(query.moment.time_ns), std::nullopt});
    }
    for (std::size_t i = 0; watch != nullptr && i < watch->readings().size(); ++i) {
      const std::size_t reading = watch->readings()[i];
      stops_.push_back({reader.LastTickAt(trace_.memory.at(reading).time_ns), std::nullopt, reading});
    }
    std::stable_sort(stops_.begin(), stops_.end(),
                     [](const Stop& a, const Stop& b) { return a.last_tick < b.last_tick; });
  }

  void Visit(std::span<const model::Event> events, reader::OrderRepair* repair = nullptr) {
    repair_ = repair;
    profile_.events += events.size();
    while (next_stop_ < stops_.size() && events.back().ticks > stops_[next_stop_].last_tick) {
      const auto is_before = [&](const model::Event& event) {
        return event.ticks <= stops_[next_stop_].last_tick;
      };
      const auto behind = std::partition_point(events.begin(), events.end(), is_before);
      const auto count = static_cast<std::size_t>(behind - events.begin());
      Apply(events.first(count));
      events = events.subspan(count);
      ReachStop();
    }
    Apply(events);
  }

  Profile Finish() {
    blocks_.Finish();
    while (next_stop_ < stops_.size()) ReachStop();
    profile_.query = query_;
    profile_.domain = query_.domain;
    profile_.moment = query_.moment;
    FillSums();
    FillCounts();
    FillSites();
    return std::move(profile_);
  }

 private:
  const Ledger& ledger() const { return HasBlocks(query_.domain) ? blocks_.ledger() : mappings_.ledger(); }

  void Apply(std::span<const model::Event> events) {
    const bool has_mappings = !HasBlocks(query_.domain) || blocks_.Apply(events, repair_);
    if (!has_mappings) return;
    for (const model::Event& event : events) {
      if (event.type >= model::EventType::kMap) mappings_.Apply(event);
    }
  }

  void ReachStop() {
    const Stop& stop = stops_[next_stop_++];
    if (stop.mark) {
      profile_.marks.push_back({*stop.mark, ledger().live(), ledger().peak().bytes});
      return;
    }
    if (stop.reading) return watch_->At(*stop.reading, blocks_, mappings_);
    live_at_moment_.clear();
    for (const LedgerEntry& entry : ledger().entries()) live_at_moment_.push_back(entry.live);
  }

  void FillSums() {
    profile_.peak = ledger().peak();
    profile_.not_freed = ledger().live();
    profile_.total = ledger().total();
    profile_.temporary = ledger().temporary();
    profile_.peak_time_ns = reader_.TimeNs(ledger().peak_ticks());
    profile_.peak_mapped = mappings_.ledger().peak();
    switch (query_.moment.kind) {
      case Moment::Kind::kPeak:
        profile_.moment_time_ns = profile_.peak_time_ns;
        break;
      case Moment::Kind::kEnd:
        profile_.moment_time_ns = trace_.info.duration_ns;
        break;
      case Moment::Kind::kTime:
        profile_.moment_time_ns = query_.moment.time_ns;
        break;
    }
  }

  void FillCounts() {
    if (!HasBlocks(query_.domain)) {
      profile_.frees = mappings_.frees();
      profile_.unknown_frees = mappings_.unknown_unmaps();
      return;
    }
    profile_.frees = blocks_.counts().frees;
    profile_.unknown_frees = blocks_.counts().unknown_frees;
    profile_.mismatched_frees = blocks_.counts().mismatched_frees;
    profile_.lost_frees = blocks_.counts().lost_frees;
  }

  void FillSites() {
    const SizeClasses& sizes = HasBlocks(query_.domain) ? blocks_.size_classes() : mappings_.size_classes();
    profile_.size_classes = sizes.bounds();
    for (std::size_t i = 0; i < ledger().entries().size(); ++i) {
      const LedgerEntry& entry = ledger().entries()[i];
      SiteAmounts site;
      site.node = entry.node;
      site.thread = entry.thread;
      site.size_class = entry.size_class;
      site.peak = ledger().PeakOf(entry);
      site.not_freed = entry.live;
      site.total = entry.total;
      site.temporary = ledger().TemporaryOf(i);
      site.live = LiveAtMoment(i, site);
      profile_.live += site.live;
      profile_.sites.push_back(site);
    }
  }

  Amount LiveAtMoment(std::size_t index, const SiteAmounts& site) const {
    switch (query_.moment.kind) {
      case Moment::Kind::kPeak:
        return site.peak;
      case Moment::Kind::kEnd:
        return site.not_freed;
      case Moment::Kind::kTime:
        break;
    }
    return index < live_at_moment_.size() ? live_at_moment_[index] : Amount{};  // beyond: first seen later
  }

  const reader::TraceReader& reader_;
  const model::Trace& trace_;
  const Query& query_;
  MemoryWatch* watch_;
  LiveBlocks blocks_;
  Mappings mappings_;
  reader::OrderRepair* repair_ = nullptr;  // of the batch that is visited
  std::vector<Stop> stops_;
  std::size_t next_stop_ = 0;
  std::vector<Amount> live_at_moment_;
  Profile profile_;
};

Profile Pass(reader::TraceReader& reader, const Query& query, const Selection* selection,
             const std::function<void(double)>& progress, MemoryWatch* watch = nullptr) {
  ProfileBuilder builder(reader, query, selection, watch);
  if (HasBlocks(query.domain)) {
    reader.ForEachStampedBatch([&](std::span<const model::Event> events,
                                   reader::OrderRepair& repair) { builder.Visit(events, &repair); },
                               progress);
  } else {
    reader.ForEachBatch([&](std::span<const model::Event> events) { builder.Visit(events); }, progress);
  }
  return builder.Finish();
}

}  // namespace

void ResolvePeaks(reader::TraceReader& reader, Query& query, const std::function<void(double)>& progress) {
  const auto is_peak = [](const std::optional<Moment>& end) {
    return end && end->kind == Moment::Kind::kPeak;
  };
  if (is_peak(query.from) || is_peak(query.to)) {
    const Query whole{.domain = query.domain};
    const std::unique_ptr<Selection> selection = SelectionOf(reader, whole, progress);
    const std::uint64_t peak_time_ns = Pass(reader, whole, selection.get(), progress).peak_time_ns;
    for (std::optional<Moment>* end : {&query.from, &query.to}) {
      if (is_peak(*end)) *end = Moment{Moment::Kind::kTime, peak_time_ns, (*end)->label};
    }
  }
  if (query.is_moment_to && query.to) query.moment = *query.to;
}

Profile BuildProfile(reader::TraceReader& reader, const Query& query,
                     const std::function<void(double)>& progress, MemoryWatch* watch) {
  Query resolved = query;
  ResolvePeaks(reader, resolved, progress);
  const std::unique_ptr<Selection> selection = SelectionOf(reader, resolved, progress);
  return Pass(reader, resolved, selection.get(), progress, watch);
}

}  // namespace memtrace::aggregate
