// SPDX-License-Identifier: MIT
// Passes over a trace that look at single blocks.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "analyzer/aggregate/block_lives.h"
#include "analyzer/aggregate/selection.h"
#include "analyzer/reader/trace_reader.h"

namespace memtrace::aggregate {

// What a query says about single blocks, null if it takes them all; one pass where Query says so. The query
// has no peaks at the ends of its range: take that of a Profile.
std::unique_ptr<Selection> SelectionOf(reader::TraceReader& reader, const Query& query,
                                       const std::function<void(double)>& progress = {});

// Blocks that a pass looks at. Empty `nodes`: all of them; null: no selection.
struct BlockChoice {
  std::vector<bool> nodes = {};  // by NodeId
  const Selection* selection = nullptr;

  // `ordinal`: how many allocations came before it.
  bool Has(const LivingBlock& block, std::uint64_t ordinal) const {
    return (nodes.empty() || (block.node < nodes.size() && nodes[block.node])) &&
           (selection == nullptr ||
            selection->Takes({block.born_ticks, block.thread, block.size, block.node}, ordinal));
  }
};

// BlockLives that tell only about chosen blocks. `choice` and `visitor` must outlive it.
class BlockPass {
 public:
  BlockPass(const BlockChoice& choice, BlockLives::Visitor& visitor, std::size_t thread_count);
  BlockLives& lives() { return lives_; }

 private:
  std::unique_ptr<BlockLives::Visitor> chosen_;
  BlockLives lives_;
};

// Tells `visitor` about every chosen block, in order; then `lives_on`, if set, of those never freed.
void VisitLives(reader::TraceReader& reader, const BlockChoice& choice, BlockLives::Visitor& visitor,
                const std::function<void(const LivingBlock&)>& lives_on,
                const std::function<void(double)>& progress = {});

}  // namespace memtrace::aggregate
