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
  // `query` has times for the ends of its range, no peaks. `lifetimes`: the allocations whose blocks live as
  // long as the query wants; only asked for if it wants any.
  Selection(const Query& query, const reader::TraceReader& reader, OrdinalSet lifetimes);

  // `ordinal`: how many allocations of the domain came before it.
  bool Takes(std::uint64_t ticks, model::ThreadId thread, std::uint64_t bytes, std::uint64_t ordinal) const {
    return ticks >= first_tick_ && ticks <= last_tick_ && size_bytes_.Contains(bytes) &&
           (is_any_thread_ || (thread < threads_.size() && threads_[thread])) &&
           (is_any_lifetime_ || lifetimes_.Contains(ordinal));
  }

 private:
  std::uint64_t first_tick_ = 0;
  std::uint64_t last_tick_ = ~0ULL;
  Bounds size_bytes_;
  bool is_any_thread_;
  bool is_any_lifetime_;
  std::vector<bool> threads_;
  OrdinalSet lifetimes_;
};

// One pass: the allocations of the domain whose blocks live as long as `lifetime_ns` says. See Query.
OrdinalSet FindLifetimes(reader::TraceReader& reader, Domain domain, const Bounds& lifetime_ns,
                         const std::function<void(double)>& progress = {});

}  // namespace memtrace::aggregate
