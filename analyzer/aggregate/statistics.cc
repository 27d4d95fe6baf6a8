// SPDX-License-Identifier: MIT
// Counting blocks as they come and go.
#include "analyzer/aggregate/statistics.h"

#include <algorithm>
#include <bit>
#include <memory>

#include "analyzer/aggregate/block_visits.h"
#include "analyzer/aggregate/free_forms.h"
#include "analyzer/aggregate/profile.h"
#include "analyzer/aggregate/selection.h"

namespace memtrace::aggregate {
namespace {

class Counter : public BlockLives::Visitor {
 public:
  Counter(const reader::TraceReader& reader, const std::function<bool(model::NodeId)>& keeps)
      : reader_(reader), sites_(reader.trace().sites), keeps_(keeps), kept_(keeps ? sites_.size() : 0) {}

  void Born(LivingBlock& block) override {
    block.tags[kIsKept] = Keeps(block.node) ? 1 : 0;
    if (block.tags[kIsKept] == 0) return;
    const Amount amount{block.size, 1};
    if (counts_.blocks_of_size.empty()) {
      counts_.blocks_of_size.resize(Statistics::kLargestCountedExactly + 1);
    }
    counts_.total += amount;
    counts_.by_size[SizeIndex(block.size)] += amount;
    const auto kind = static_cast<std::size_t>(KindOf(block));
    if (kind < counts_.by_kind.size()) counts_.by_kind[kind] += amount;
    if (block.size <= Statistics::kLargestCountedExactly) ++counts_.blocks_of_size[block.size];
    ThreadOf(block).total += amount;
  }

  void Died(LivingBlock& block, const BlockEnd& end) override { CountEnd(block, end, {block.size, 1}); }
  void Revived(LivingBlock& block, const Revival& revival) override {
    CountEnd(block, revival.end, Amount{} - Amount{block.size, 1});
  }

  void LivesOn(const LivingBlock& block) {
    if (block.tags[kIsKept] == 0) return;
    counts_.not_freed += {block.size, 1};
    ThreadOf(block).not_freed += {block.size, 1};
  }

  Statistics Take() {
    std::erase_if(counts_.mismatched, [](const auto& entry) { return entry.second == Amount{}; });
    return std::move(counts_);
  }

 private:
  enum Tag : std::size_t { kIsKept };
  enum class Kept : std::uint8_t { kUnknown, kYes, kNo };

  // `amount`: the block, or minus it.
  void CountEnd(const LivingBlock& block, const BlockEnd& end, const Amount& amount) {
    if (block.tags[kIsKept] == 0) return;
    const std::uint64_t birth_ns = reader_.TimeNs(block.born_ticks);
    const std::uint64_t end_ns = std::max(reader_.TimeNs(end.ticks), birth_ns);
    counts_.by_lifetime[LifetimeIndex(end_ns - birth_ns)] += amount;
    if (end.is_temporary) {
      counts_.temporary += amount;
      ThreadOf(block).temporary += amount;
    }
    if (end.is_lost) return;  // how and by whom is not known
    if (end.thread != block.thread) {
      counts_.freed_elsewhere += amount;
      ThreadOf(block).freed_elsewhere += amount;
    }
    if (end.form != ExpectedFreeForm(KindOf(block))) counts_.mismatched[{block.node, end.form}] += amount;
  }

  bool Keeps(model::NodeId node) {
    if (!keeps_) return true;
    if (node >= kept_.size()) node = 0;
    if (kept_.empty()) return keeps_(node);
    if (kept_[node] == Kept::kUnknown) kept_[node] = keeps_(node) ? Kept::kYes : Kept::kNo;
    return kept_[node] == Kept::kYes;
  }

  format::AllocKind KindOf(const LivingBlock& block) const {
    return block.node < sites_.size() ? sites_[block.node].kind : format::AllocKind::kMalloc;
  }

  ThreadStatistics& ThreadOf(const LivingBlock& block) {
    if (block.thread >= counts_.by_thread.size()) counts_.by_thread.resize(block.thread + 1);
    return counts_.by_thread[block.thread];
  }

  const reader::TraceReader& reader_;
  const std::vector<model::Site>& sites_;
  const std::function<bool(model::NodeId)>& keeps_;
  std::vector<Kept> kept_;  // by node
  Statistics counts_;
};

}  // namespace

std::size_t SizeIndex(std::uint64_t bytes) {
  return bytes == 0 ? 0 : static_cast<std::size_t>(std::bit_width(bytes - 1)) + 1;
}

std::size_t LifetimeIndex(std::uint64_t ns) {
  std::size_t index = 0;
  for (std::uint64_t limit = 1000; ns >= limit && index + 1 < Statistics::kLifetimes; limit *= 10) ++index;
  return index;
}

std::uint64_t Statistics::MedianSize() const {
  std::uint64_t below = 0;
  for (std::uint64_t size = 0; size < blocks_of_size.size(); ++size) {
    below += blocks_of_size[size];
    if (below * 2 >= total.blocks) return size;
  }
  return kLargestCountedExactly;
}

std::vector<std::pair<std::uint64_t, std::uint64_t>> Statistics::CommonSizes(std::size_t count) const {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> sizes;
  for (std::uint64_t size = 0; size < blocks_of_size.size(); ++size) {
    if (blocks_of_size[size] > 0) sizes.emplace_back(size, blocks_of_size[size]);
  }
  const auto more = [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  };
  std::sort(sizes.begin(), sizes.end(), more);
  if (sizes.size() > count) sizes.resize(count);
  return sizes;
}

Statistics BuildStatistics(reader::TraceReader& reader, const Query& query,
                           const std::function<bool(model::NodeId)>& keeps,
                           const std::function<void(double)>& progress) {
  Query resolved = query;
  ResolvePeaks(reader, resolved, progress);
  const std::unique_ptr<Selection> selection = SelectionOf(reader, resolved, progress);
  Counter counter(reader, keeps);
  VisitLives(
      reader, {{}, selection.get()}, counter, [&](const LivingBlock& block) { counter.LivesOn(block); },
      progress);
  return counter.Take();
}

}  // namespace memtrace::aggregate
