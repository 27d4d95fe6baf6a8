// SPDX-License-Identifier: MIT
// Queries in terms of events: ticks instead of times.
#include "analyzer/aggregate/selection.h"

#include <algorithm>

#include "analyzer/aggregate/block_visits.h"
#include "analyzer/aggregate/mappings.h"

namespace memtrace::aggregate {
namespace {

// Notes the blocks that lived long enough and not too long; for LiveBlocks' and for Mappings' blocks.
class LifetimeFinder : public BlockLives::Visitor {
 public:
  LifetimeFinder(const reader::TraceReader& reader, const Bounds& wanted_ns)
      : reader_(reader), wanted_ns_(wanted_ns) {}

  void Born(LivingBlock& block) override {
    block.tags[0] = static_cast<std::uint32_t>(next_ordinal_);
    block.tags[1] = static_cast<std::uint32_t>(next_ordinal_++ >> 32);
  }
  void Died(LivingBlock& block, const BlockEnd& end) override {
    Ended(OrdinalOf(block), block.born_ticks, end.ticks);
  }
  void Revived(LivingBlock& block, const Revival& /*revival*/) override { found_.Remove(OrdinalOf(block)); }
  void LivesOn(const LivingBlock& block) { NeverEnded(OrdinalOf(block), block.born_ticks); }

  void Ended(std::uint64_t ordinal, std::uint64_t birth_ticks, std::uint64_t ticks) {
    const std::uint64_t birth_ns = reader_.TimeNs(birth_ticks);
    const std::uint64_t lifetime_ns = std::max(reader_.TimeNs(ticks), birth_ns) - birth_ns;
    if (wanted_ns_.Contains(lifetime_ns)) found_.Add(ordinal);
  }
  void NeverEnded(std::uint64_t ordinal, std::uint64_t birth_ticks) {
    const std::uint64_t birth_ns = reader_.TimeNs(birth_ticks);
    const std::uint64_t age_ns = std::max(reader_.trace().info.duration_ns, birth_ns) - birth_ns;
    if (age_ns >= wanted_ns_.min && wanted_ns_.max == ~0ULL) found_.Add(ordinal);
  }

  OrdinalSet Take() { return std::move(found_); }

 private:
  static std::uint64_t OrdinalOf(const LivingBlock& block) {
    return block.tags[0] | static_cast<std::uint64_t>(block.tags[1]) << 32;
  }

  const reader::TraceReader& reader_;
  const Bounds wanted_ns_;
  std::uint64_t next_ordinal_ = 0;
  OrdinalSet found_;
};

}  // namespace

Selection::Selection(const Query& query, const reader::TraceReader& reader, OrdinalSet lifetimes)
    : size_bytes_(query.size_bytes),
      is_any_thread_(query.threads.empty()),
      is_any_lifetime_(query.lifetime_ns.is_all()),
      is_any_node_(query.nodes.empty() && (query.domain == Domain::kHeap || !HasBlocks(query.domain))),
      lifetimes_(std::move(lifetimes)) {
  if (query.from && query.from->kind == Moment::Kind::kTime && query.from->time_ns > 0) {
    first_tick_ = reader.LastTickAt(query.from->time_ns) + 1;
  }
  if (query.from && query.from->kind == Moment::Kind::kEnd) first_tick_ = ~0ULL;
  if (query.to && query.to->kind == Moment::Kind::kTime) last_tick_ = reader.LastTickAt(query.to->time_ns);
  for (const model::ThreadId thread : query.threads) {
    if (thread >= threads_.size()) threads_.resize(thread + 1);
    threads_[thread] = true;
  }
  if (is_any_node_) return;
  nodes_.reserve(reader.trace().sites.size());
  for (const model::Site& site : reader.trace().sites) {
    const std::size_t node = nodes_.size();
    const bool is_wanted = query.nodes.empty() || (node < query.nodes.size() && query.nodes[node]);
    nodes_.push_back(is_wanted && IsOfDomain(query.domain, site.kind));
  }
}

OrdinalSet FindLifetimes(reader::TraceReader& reader, Domain domain, const Bounds& lifetime_ns,
                         const std::function<void(double)>& progress) {
  LifetimeFinder finder(reader, lifetime_ns);
  if (HasBlocks(domain)) {
    VisitLives(
        reader, {}, finder, [&](const LivingBlock& block) { finder.LivesOn(block); }, progress);
    return finder.Take();
  }
  Mappings mappings(reader.trace().sites, domain);
  mappings.OnGone([&](std::uint64_t ordinal, std::uint64_t birth_ticks, std::uint64_t ticks) {
    finder.Ended(ordinal, birth_ticks, ticks);
  });
  reader.ForEachEvent([&](const model::Event& event) { mappings.Apply(event); }, progress);
  mappings.ForEachLive(
      [&](std::uint64_t ordinal, std::uint64_t birth_ticks) { finder.NeverEnded(ordinal, birth_ticks); });
  return finder.Take();
}

}  // namespace memtrace::aggregate
