// SPDX-License-Identifier: MIT
// What a heap's blocks are like: how large, how long they live, who asks for them and how, what is freed the
// wrong way.
//
//     sizes      0  1-2  3-4  5-8  9-16 ...        powers of two
//     lifetimes  <1us  <10us ... <1000s  longer    powers of ten; never freed apart
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "analyzer/aggregate/amount.h"
#include "analyzer/aggregate/query.h"
#include "analyzer/model/trace.h"
#include "analyzer/reader/trace_reader.h"

namespace memtrace::aggregate {

struct ThreadStatistics {
  Amount total;
  Amount not_freed;
  Amount temporary;
  Amount freed_elsewhere;  // by another thread than the one that allocated
};

struct Statistics {
  static constexpr std::size_t kSizes =
      65;  // [0]: no bytes; [i]: up to 2^(i-1) bytes, more than the one before
  static constexpr std::size_t kLifetimes = 11;  // [i]: less than 10^i us; the last: longer
  static constexpr std::uint64_t kLargestCountedExactly = 1 << 16;  // bytes

  Amount total;
  Amount not_freed;
  Amount temporary;
  Amount freed_elsewhere;
  std::array<Amount, kSizes> by_size{};
  std::array<Amount, kLifetimes> by_lifetime{};  // of freed blocks
  std::array<Amount, format::kAllocKinds> by_kind{};
  std::vector<ThreadStatistics> by_thread;  // by ThreadId
  // Blocks of each size up to kLargestCountedExactly; empty if there were none at all.
  std::vector<std::uint64_t> blocks_of_size;
  std::map<std::pair<model::NodeId, format::FreeForm>, Amount> mismatched;

  // Size below which half of all blocks are: exact up to kLargestCountedExactly, else that number.
  std::uint64_t MedianSize() const;
  // The sizes that most blocks have, with their number; at most `count`.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> CommonSizes(std::size_t count) const;
};

// Which of the classes above.
std::size_t SizeIndex(std::uint64_t bytes);
std::size_t LifetimeIndex(std::uint64_t ns);

// One pass over the heap's events (and what Query says costs one) of the blocks that the query selects and
// whose stack `keeps`, if set, accepts; it is asked once a node.
Statistics BuildStatistics(reader::TraceReader& reader, const Query& query,
                           const std::function<bool(model::NodeId)>& keeps = {},
                           const std::function<void(double)>& progress = {});

}  // namespace memtrace::aggregate
