// SPDX-License-Identifier: MIT
// Passes over a trace that look at single blocks.
#pragma once

#include <functional>
#include <vector>

#include "analyzer/aggregate/block_lives.h"
#include "analyzer/reader/trace_reader.h"

namespace memtrace::aggregate {

// Blocks that a pass looks at. Empty `nodes`: all of them.
struct BlockChoice {
  std::vector<bool> nodes = {};  // by NodeId
  bool Has(const LivingBlock& block) const {
    return nodes.empty() || (block.node < nodes.size() && nodes[block.node]);
  }
};

// Tells `visitor` about every chosen block, in order; then `lives_on`, if set, of those never freed.
void VisitLives(reader::TraceReader& reader, const BlockChoice& choice, BlockLives::Visitor& visitor,
                const std::function<void(const LivingBlock&)>& lives_on,
                const std::function<void(double)>& progress = {});

}  // namespace memtrace::aggregate
