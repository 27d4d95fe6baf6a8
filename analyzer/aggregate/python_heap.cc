// SPDX-License-Identifier: MIT
// Blocks are followed by address; at each moment those of Python are looked up in the arenas there are.
#include "analyzer/aggregate/python_heap.h"

#include <algorithm>
#include <map>
#include <span>

#include "analyzer/aggregate/block_lives.h"
#include "analyzer/aggregate/query.h"

namespace memtrace::aggregate {
namespace {

// The arenas that are mapped. CPython gives each back as a whole.
class Arenas {
 public:
  void Add(std::uint64_t address, std::uint64_t bytes) { end_of_[address] = address + bytes; }

  void Remove(std::uint64_t address, std::uint64_t bytes) {
    auto arena = end_of_.lower_bound(address);
    while (arena != end_of_.end() && arena->first - address < bytes) arena = end_of_.erase(arena);
  }

  bool Has(std::uint64_t address) const {
    const auto next = end_of_.upper_bound(address);
    return next != end_of_.begin() && address < std::prev(next)->second;
  }

  Amount amount() const {
    Amount amount;
    for (const auto& [begin, end] : end_of_) amount += {end - begin, 1};
    return amount;
  }

 private:
  std::map<std::uint64_t, std::uint64_t> end_of_;  // by begin
};

class IgnoredLives : public BlockLives::Visitor {
 public:
  void Born(LivingBlock& /*block*/) override {}
  void Died(LivingBlock& /*block*/, const BlockEnd& /*end*/) override {}
  void Revived(LivingBlock& /*block*/, const Revival& /*revival*/) override {}
};

class PythonHeapBuilder {
 public:
  PythonHeapBuilder(const reader::TraceReader& reader, const std::vector<std::uint64_t>& times_ns)
      : reader_(reader), times_ns_(times_ns), blocks_(ignored_, reader.trace().threads.size()) {
    for (const model::Site& site : reader.trace().sites) kinds_.push_back(site.kind);
    SetStop();
  }

  void Visit(std::span<const model::Event> events, reader::OrderRepair& repair) {
    repair_ = &repair;
    while (!events.empty() && events.back().ticks > stop_tick_) {
      const auto behind =
          std::partition_point(events.begin(), events.end(),
                               [this](const model::Event& event) { return event.ticks <= stop_tick_; });
      const auto count = static_cast<std::size_t>(behind - events.begin());
      Apply(events.first(count));
      events = events.subspan(count);
      ReachStop();
    }
    Apply(events);
  }

  std::vector<PythonHeap> Finish() {
    blocks_.Finish();
    while (found_.size() < times_ns_.size()) ReachStop();
    return std::move(found_);
  }

 private:
  format::AllocKind KindOf(model::NodeId node) const {
    return node < kinds_.size() ? kinds_[node] : format::AllocKind::kMalloc;
  }

  void SetStop() {
    stop_tick_ = found_.size() < times_ns_.size() ? reader_.LastTickAt(times_ns_[found_.size()]) : ~0ULL;
  }

  void Apply(std::span<const model::Event> events) {
    for (const model::Event& event : events) {
      if (event.type == model::EventType::kUnmap) arenas_.Remove(event.address, event.size);
      if (event.type == model::EventType::kMap && KindOf(event.node) == format::AllocKind::kPythonArena) {
        arenas_.Add(event.address, event.size);
      }
    }
    blocks_.Apply(events, repair_);
  }

  void ReachStop() {
    PythonHeap heap;
    heap.time_ns = times_ns_[found_.size()];
    blocks_.ForEachLivingAt([&](std::uint64_t address, const LivingBlock& block) {
      if (!IsPythonKind(KindOf(block.node))) return;
      heap.objects += {block.size, 1};
      if (arenas_.Has(address)) heap.in_arenas += {block.size, 1};
    });
    heap.arenas = arenas_.amount();
    found_.push_back(heap);
    SetStop();
  }

  const reader::TraceReader& reader_;
  const std::vector<std::uint64_t>& times_ns_;
  std::vector<format::AllocKind> kinds_;  // by node
  IgnoredLives ignored_;
  BlockLives blocks_;
  reader::OrderRepair* repair_ = nullptr;  // of the batch that is visited
  Arenas arenas_;
  std::uint64_t stop_tick_ = 0;
  std::vector<PythonHeap> found_;
};

}  // namespace

bool HasPythonBlocks(const model::Trace& trace) {
  return std::any_of(trace.sites.begin(), trace.sites.end(),
                     [](const model::Site& site) { return IsPythonKind(site.kind); });
}

std::vector<PythonHeap> PythonHeapAt(reader::TraceReader& reader, const std::vector<std::uint64_t>& times_ns,
                                     const std::function<void(double)>& progress) {
  PythonHeapBuilder builder(reader, times_ns);
  reader.ForEachStampedBatch([&](std::span<const model::Event> events,
                                 reader::OrderRepair& repair) { builder.Visit(events, repair); },
                             progress);
  return builder.Finish();
}

}  // namespace memtrace::aggregate
