// SPDX-License-Identifier: MIT
#include "analyzer/aggregate/block_visits.h"

namespace memtrace::aggregate {
namespace {

class ChosenOnly : public BlockLives::Visitor {
 public:
  ChosenOnly(const BlockChoice& choice, BlockLives::Visitor& next) : choice_(choice), next_(next) {}

  void Born(LivingBlock& block) override {
    block.is_chosen = choice_.Has(block, next_ordinal_++);
    if (block.is_chosen) next_.Born(block);
  }
  void Died(LivingBlock& block, const BlockEnd& end) override {
    if (block.is_chosen) next_.Died(block, end);
  }
  void Revived(LivingBlock& block, const Revival& revival) override {
    if (block.is_chosen) next_.Revived(block, revival);
  }

 private:
  const BlockChoice& choice_;
  BlockLives::Visitor& next_;
  std::uint64_t next_ordinal_ = 0;
};

}  // namespace

std::unique_ptr<Selection> SelectionOf(reader::TraceReader& reader, const Query& query,
                                       const std::function<void(double)>& progress) {
  if (!query.needs_selection()) return nullptr;
  OrdinalSet lifetimes;
  if (!query.lifetime_ns.is_all()) {
    lifetimes = FindLifetimes(reader, query.domain, query.lifetime_ns, progress);
  }
  return std::make_unique<Selection>(query, reader, std::move(lifetimes));
}

BlockPass::BlockPass(const BlockChoice& choice, BlockLives::Visitor& visitor, std::size_t thread_count)
    : chosen_(std::make_unique<ChosenOnly>(choice, visitor)), lives_(*chosen_, thread_count) {}

void VisitLives(reader::TraceReader& reader, const BlockChoice& choice, BlockLives::Visitor& visitor,
                const std::function<void(const LivingBlock&)>& lives_on,
                const std::function<void(double)>& progress) {
  BlockPass pass(choice, visitor, reader.trace().threads.size());
  BlockLives& lives = pass.lives();
  reader.ForEachStampedBatch([&lives](std::span<const model::Event> events,
                                      reader::OrderRepair& repair) { lives.Apply(events, &repair); },
                             progress);
  lives.Finish();
  if (!lives_on) return;
  lives.ForEachLiving([&](const LivingBlock& block) {
    if (block.is_chosen) lives_on(block);
  });
}

}  // namespace memtrace::aggregate
