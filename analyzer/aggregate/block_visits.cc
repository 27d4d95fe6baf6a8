// SPDX-License-Identifier: MIT
#include "analyzer/aggregate/block_visits.h"

namespace memtrace::aggregate {
namespace {

class ChosenOnly : public BlockLives::Visitor {
 public:
  ChosenOnly(const BlockChoice& choice, BlockLives::Visitor& next) : choice_(choice), next_(next) {}

  void Born(LivingBlock& block) override {
    if (choice_.Has(block)) next_.Born(block);
  }
  void Died(const LivingBlock& block, std::uint64_t ticks, bool is_temporary) override {
    if (choice_.Has(block)) next_.Died(block, ticks, is_temporary);
  }
  void Revived(const LivingBlock& block, std::uint64_t ticks, bool was_temporary) override {
    if (choice_.Has(block)) next_.Revived(block, ticks, was_temporary);
  }

 private:
  const BlockChoice& choice_;
  BlockLives::Visitor& next_;
};

}  // namespace

void VisitLives(reader::TraceReader& reader, const BlockChoice& choice, BlockLives::Visitor& visitor,
                const std::function<void(const LivingBlock&)>& lives_on,
                const std::function<void(double)>& progress) {
  ChosenOnly chosen(choice, visitor);
  BlockLives lives(chosen, reader.trace().threads.size());
  reader.ForEachEvent([&lives](const model::Event& event) { lives.Apply(event); }, progress);
  lives.Finish();
  if (!lives_on) return;
  lives.ForEachLiving([&](const LivingBlock& block) {
    if (choice.Has(block)) lives_on(block);
  });
}

}  // namespace memtrace::aggregate
