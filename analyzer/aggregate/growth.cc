// SPDX-License-Identifier: MIT
// Curves from events, and what to make of them.
#include "analyzer/aggregate/growth.h"

#include <algorithm>
#include <memory>

#include "analyzer/aggregate/block_visits.h"
#include "analyzer/aggregate/selection.h"

namespace memtrace::aggregate {
namespace {

constexpr std::uint64_t kShortestForGrowthNs = 1'000'000'000;
constexpr std::uint64_t kConsiderableShare = 16;  // one of so many parts of what is left
constexpr std::uint64_t kFewestBlocks = 8;
constexpr int kRisesOfManyBlocks = 4;
constexpr int kRisesOfFewBlocks = 7;
constexpr std::size_t kHalf = kGrowthSlices / 2;

std::uint64_t SliceNs(std::uint64_t duration_ns) {
  return std::max<std::uint64_t>(duration_ns / kGrowthSlices, 1);
}

std::size_t SliceOf(std::uint64_t time_ns, std::uint64_t slice_ns) {
  return std::min<std::uint64_t>(time_ns / slice_ns, kGrowthSlices - 1);
}

class CurveBuilder : public BlockLives::Visitor {
 public:
  CurveBuilder(const reader::TraceReader& reader, CurvesByNode& curves)
      : reader_(reader), slice_ns_(SliceNs(reader.trace().info.duration_ns)), curves_(curves) {}

  void Born(LivingBlock& block) override { Change(block, block.born_ticks, block.size); }
  void Died(LivingBlock& block, const BlockEnd& end) override { Change(block, end.ticks, 0 - block.size); }
  void Revived(LivingBlock& block, const Revival& revival) override {
    Change(block, revival.end.ticks, block.size);
  }

  void LivesOn(const LivingBlock& block) {
    SiteCurve& curve = curves_[block.node];
    const std::uint64_t birth_ns = reader_.TimeNs(block.born_ticks);
    curve.first_ns = std::min(curve.first_ns, birth_ns);
    curve.last_ns = std::max(curve.last_ns, birth_ns);
    ++curve.blocks_left;
  }

 private:
  void Change(const LivingBlock& block, std::uint64_t ticks, std::uint64_t bytes) {
    curves_[block.node].change[SliceOf(reader_.TimeNs(ticks), slice_ns_)] += bytes;
  }

  const reader::TraceReader& reader_;
  const std::uint64_t slice_ns_;
  CurvesByNode& curves_;
};

}  // namespace

void SiteCurve::Add(const SiteCurve& other) {
  first_ns = std::min(first_ns, other.first_ns);
  last_ns = std::max(last_ns, other.last_ns);
  blocks_left += other.blocks_left;
  for (std::size_t i = 0; i < change.size(); ++i) change[i] += other.change[i];
}

std::array<std::uint64_t, kGrowthSlices> SiteCurve::LiveBytes() const {
  std::array<std::uint64_t, kGrowthSlices> live{};
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < live.size(); ++i) live[i] = sum += change[i];
  return live;
}

CurvesByNode BuildCurves(reader::TraceReader& reader, const Profile& profile,
                         const std::function<void(double)>& progress) {
  CurvesByNode curves;
  if (!HasBlocks(profile.domain)) return curves;
  for (const SiteAmounts& site : profile.sites) {
    if (site.not_freed.blocks > 0) curves.try_emplace(site.node);
  }
  if (curves.empty()) return curves;
  const std::unique_ptr<Selection> selection = SelectionOf(reader, profile.query, progress);
  BlockChoice choice{std::vector<bool>(reader.trace().sites.size() + 1), selection.get()};
  for (const auto& [node, curve] : curves) {
    if (node < choice.nodes.size()) choice.nodes[node] = true;
  }
  CurveBuilder builder(reader, curves);
  VisitLives(
      reader, choice, builder, [&](const LivingBlock& block) { builder.LivesOn(block); }, progress);
  return curves;
}

GrowthVerdict JudgeGrowth(const SiteCurve& curve, std::uint64_t duration_ns) {
  if (curve.is_empty()) return {};
  const bool is_short = duration_ns < kShortestForGrowthNs;
  const std::uint64_t slice_ns = SliceNs(duration_ns);
  std::array<std::uint64_t, kGrowthSlices> floor = curve.LiveBytes();
  for (std::size_t i = kGrowthSlices - 1; i > 0; --i) floor[i - 1] = std::min(floor[i - 1], floor[i]);

  const std::size_t first = SliceOf(curve.first_ns, slice_ns);
  const bool is_one_moment =
      is_short ? curve.first_ns == curve.last_ns : first == SliceOf(curve.last_ns, slice_ns);
  if (is_one_moment && (first == 0 || floor[first - 1] == 0)) return {Growth::kOneOff, 0, 0};
  if (is_short) return {};
  int rises = 0;
  for (std::size_t i = kHalf; i < kGrowthSlices; ++i) rises += floor[i] > floor[i - 1] ? 1 : 0;
  const std::uint64_t end = floor.back();
  const std::uint64_t half = floor[kHalf - 1];
  const std::uint64_t three_quarters = floor[kGrowthSlices * 3 / 4 - 1];
  const std::uint64_t considerable = end / kConsiderableShare;
  const int rises_needed = curve.blocks_left >= kFewestBlocks ? kRisesOfManyBlocks : kRisesOfFewBlocks;
  if (rises >= rises_needed && three_quarters - half >= considerable &&
      end - three_quarters >= considerable) {
    const double seconds = static_cast<double>(duration_ns) / 2e9;
    return {Growth::kGrowing, 0, static_cast<double>(end - half) / seconds};
  }
  if (end - half > considerable) return {};
  const auto reached = std::find_if(floor.begin(), floor.end(),
                                    [&](std::uint64_t bytes) { return bytes + considerable >= end; });
  const auto slice = static_cast<std::uint64_t>(reached - floor.begin());
  return {Growth::kFlat, std::min((slice + 1) * slice_ns, duration_ns), 0};
}

}  // namespace memtrace::aggregate
