// SPDX-License-Identifier: MIT
// LiveCurve: counts events, and closes an interval before the first event behind its last tick.
#include "analyzer/aggregate/live_curve.h"

#include <algorithm>

namespace memtrace::aggregate {
namespace {

struct Border {
  std::uint64_t time_ns = 0;
  bool is_mark = false;
};

std::vector<Border> BordersOf(const model::Trace& trace, const CurveOptions& options) {
  std::vector<Border> borders;
  const std::size_t count = std::max<std::size_t>(1, options.intervals);
  const std::uint64_t duration = trace.info.duration_ns;
  for (std::size_t i = 1; i <= count; ++i) {
    borders.push_back({static_cast<std::uint64_t>(static_cast<__uint128_t>(duration) * i / count), false});
  }
  if (trace.marks.size() <= options.max_marks) {
    for (const model::Mark& mark : trace.marks) borders.push_back({std::min(mark.time_ns, duration), true});
  }
  std::stable_sort(borders.begin(), borders.end(),
                   [](const Border& a, const Border& b) { return a.time_ns < b.time_ns; });
  std::vector<Border> distinct;
  for (const Border& border : borders) {
    if (distinct.empty() || distinct.back().time_ns != border.time_ns) distinct.push_back({border.time_ns});
    distinct.back().is_mark |= border.is_mark;
  }
  return distinct;
}

class CurveBuilder : public BlockLives::Visitor {
 public:
  CurveBuilder(const reader::TraceReader& reader, const CurveOptions& options)
      : reader_(reader),
        options_(options),
        pass_(options.blocks, *this, reader.trace().threads.size()),
        borders_(BordersOf(reader.trace(), options)) {
    last_tick_ = reader_.LastTickAt(borders_[0].time_ns);
  }

  void Visit(std::span<const model::Event> events, reader::OrderRepair& repair) {
    pass_.lives().Apply(events, &repair, [this](const model::Event& event) {
      while (event.ticks > last_tick_ && curve_.intervals.size() + 1 < borders_.size()) EndInterval();
      ++events_;
      ticks_ = event.ticks;
    });
  }

  LiveCurve Finish() {
    pass_.lives().Finish();
    while (curve_.intervals.size() < borders_.size()) EndInterval();
    for (const CurveInterval& interval : curve_.intervals) {
      if (interval.highest.live.bytes > curve_.peak.live.bytes) curve_.peak = interval.highest;
    }
    return std::move(curve_);
  }

  void Born(LivingBlock& block) override { Rise(block); }
  void Died(LivingBlock& block, const BlockEnd& /*end*/) override { live_ -= Amount{block.size, 1}; }
  void Revived(LivingBlock& block, const Revival&) override { Rise(block); }

 private:
  void Rise(const LivingBlock& block) {
    live_ += Amount{block.size, 1};
    if (live_.bytes > highest_.live.bytes) highest_ = {events_, reader_.TimeNs(ticks_), live_};
  }

  void EndInterval() {
    const Border& border = borders_[curve_.intervals.size()];
    const CurvePoint end{events_, border.time_ns, live_};
    curve_.intervals.push_back({highest_, end, border.is_mark});
    highest_ = end;
    if (curve_.intervals.size() < borders_.size()) {
      last_tick_ = reader_.LastTickAt(borders_[curve_.intervals.size()].time_ns);
    }
  }

  const reader::TraceReader& reader_;
  const CurveOptions& options_;
  BlockPass pass_;
  std::vector<Border> borders_;
  std::uint64_t last_tick_ = 0;
  std::uint64_t events_ = 0;
  std::uint64_t ticks_ = 0;
  Amount live_;
  CurvePoint highest_;
  LiveCurve curve_;
};

}  // namespace

LiveCurve BuildLiveCurve(reader::TraceReader& reader, const CurveOptions& options,
                         const std::function<void(double)>& progress) {
  CurveBuilder builder(reader, options);
  reader.ForEachStampedBatch([&builder](std::span<const model::Event> events,
                                        reader::OrderRepair& repair) { builder.Visit(events, repair); },
                             progress);
  return builder.Finish();
}

}  // namespace memtrace::aggregate
