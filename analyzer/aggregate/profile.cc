// SPDX-License-Identifier: MIT
// One pass over the events: feeds the domains and stops at each moment that a report asked for.
//
//     events   ──────┬───────────┬────────────┬──►     stops, by time: marks, and the moment wanted if it is
//     a time
//                    mark 0      moment       mark 1   at a stop: live then, peak until then
#include "analyzer/aggregate/profile.h"

#include <algorithm>
#include <optional>
#include <span>

#include "analyzer/aggregate/ledger.h"
#include "analyzer/aggregate/live_blocks.h"
#include "analyzer/aggregate/mappings.h"

namespace memtrace::aggregate {
namespace {

struct Stop {
  std::uint64_t last_tick = 0;      // the stop is behind all events of this tick
  std::optional<std::size_t> mark;  // none: the moment wanted
};

class ProfileBuilder {
 public:
  ProfileBuilder(const reader::TraceReader& reader, const ProfileRequest& request)
      : reader_(reader),
        trace_(reader.trace()),
        request_(request),
        blocks_(trace_.sites, trace_.threads.size()),
        mappings_(trace_.sites.size()) {
    for (std::size_t i = 0; i < trace_.marks.size(); ++i) {
      stops_.push_back({reader.LastTickAt(trace_.marks[i].time_ns), i});
    }
    if (request.moment.kind == Moment::Kind::kTime) {
      stops_.push_back({reader.LastTickAt(request.moment.time_ns), std::nullopt});
    }
    std::stable_sort(stops_.begin(), stops_.end(),
                     [](const Stop& a, const Stop& b) { return a.last_tick < b.last_tick; });
  }

  void Visit(std::span<const model::Event> events) {
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
    profile_.domain = request_.domain;
    profile_.moment = request_.moment;
    FillSums();
    FillCounts();
    FillSites();
    return std::move(profile_);
  }

 private:
  const Ledger& ledger() const {
    return request_.domain == Domain::kHeap ? blocks_.ledger() : mappings_.ledger();
  }

  void Apply(std::span<const model::Event> events) {
    for (const model::Event& event : events) {
      if (event.type >= model::EventType::kMap) mappings_.Apply(event);
    }
    if (request_.domain == Domain::kHeap) blocks_.Apply(events);
  }

  void ReachStop() {
    const Stop& stop = stops_[next_stop_++];
    if (stop.mark) {
      profile_.marks.push_back({*stop.mark, ledger().live(), ledger().peak().bytes});
      return;
    }
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
    switch (request_.moment.kind) {
      case Moment::Kind::kPeak:
        profile_.moment_time_ns = profile_.peak_time_ns;
        break;
      case Moment::Kind::kEnd:
        profile_.moment_time_ns = trace_.info.duration_ns;
        break;
      case Moment::Kind::kTime:
        profile_.moment_time_ns = request_.moment.time_ns;
        break;
    }
  }

  void FillCounts() {
    if (request_.domain == Domain::kMapped) {
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
    for (std::size_t i = 0; i < ledger().entries().size(); ++i) {
      const LedgerEntry& entry = ledger().entries()[i];
      SiteAmounts site;
      site.node = entry.node;
      site.thread = entry.thread;
      site.peak = ledger().PeakOf(entry);
      site.not_freed = entry.live;
      site.total = entry.total;
      site.temporary = entry.temporary;
      site.live = LiveAtMoment(i, site);
      profile_.live += site.live;
      profile_.sites.push_back(site);
    }
  }

  Amount LiveAtMoment(std::size_t index, const SiteAmounts& site) const {
    switch (request_.moment.kind) {
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
  const ProfileRequest& request_;
  LiveBlocks blocks_;
  Mappings mappings_;
  std::vector<Stop> stops_;
  std::size_t next_stop_ = 0;
  std::vector<Amount> live_at_moment_;
  Profile profile_;
};

}  // namespace

Profile BuildProfile(reader::TraceReader& reader, const ProfileRequest& request,
                     const std::function<void(double)>& progress) {
  ProfileBuilder builder(reader, request);
  reader.ForEachBatch([&](std::span<const model::Event> events) { builder.Visit(events); }, progress);
  return builder.Finish();
}

}  // namespace memtrace::aggregate
