// SPDX-License-Identifier: MIT
// Decides for each allocation whether a query wants its block.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "analyzer/aggregate/ordinal_set.h"
#include "analyzer/aggregate/query.h"
#include "analyzer/reader/trace_reader.h"

namespace memtrace::aggregate {

class Selection {
 public:
  // What is known of a block when it is allocated.
  struct Candidate {
    std::uint64_t ticks = 0;
    model::ThreadId thread = 0;
    std::uint64_t bytes = 0;
    model::NodeId node = 0;
  };

  // `query` has times for the ends of its range, no peaks. `lifetimes`: the allocations whose blocks live as
  // long as the query wants; only asked for if it wants any.
  Selection(const Query& query, const reader::TraceReader& reader, OrdinalSet lifetimes);

  // `ordinal`: how many allocations of blocks, or mappings, came before it.
  bool Takes(const Candidate& block, std::uint64_t ordinal) const {
    return block.ticks >= first_tick_ && block.ticks <= last_tick_ && size_bytes_.Contains(block.bytes) &&
           (is_any_node_ || (block.node < nodes_.size() && nodes_[block.node])) &&
           (is_any_thread_ || (block.thread < threads_.size() && threads_[block.thread])) &&
           (is_any_lifetime_ || lifetimes_.Contains(ordinal));
  }

 private:
  std::uint64_t first_tick_ = 0;
  std::uint64_t last_tick_ = ~0ULL;
  Bounds size_bytes_;
  bool is_any_thread_;
  bool is_any_lifetime_;
  bool is_any_node_;
  std::vector<bool> threads_;
  std::vector<bool> nodes_;  // wanted, and of the domain
  OrdinalSet lifetimes_;
};

// One pass: the allocations of blocks, or the mappings, that live as long as `lifetime_ns` says. See Query.
OrdinalSet FindLifetimes(reader::TraceReader& reader, Domain domain, const Bounds& lifetime_ns,
                         const std::function<void(double)>& progress = {});

}  // namespace memtrace::aggregate
