// SPDX-License-Identifier: MIT
// Every block's birth and death, told one by one: for what needs more than sums per call site.
//
//     event ──► address → block ──► Visitor     Born(block)            may leave a tag in it
//                                               Died(block, end)       with that tag; may change it
//                                               Revived(block, …)      its last Died never happened: realloc
//                                               failed
//
// Tells the same story as LiveBlocks, in the same order: sums of what is told here are those of a Profile.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "analyzer/model/event.h"
#include "analyzer/reader/address_map.h"
#include "analyzer/reader/order_repair.h"

namespace memtrace::aggregate {

struct LivingBlock {
  std::uint64_t size = 0;
  std::uint64_t born_ticks = 0;
  model::NodeId node = 0;
  model::ThreadId thread = 0;
  std::array<std::uint32_t, 3> tags{};  // the visitor's own
  bool is_chosen = true;                // BlockPass's own
};

struct BlockEnd {
  std::uint64_t ticks = 0;
  model::ThreadId thread = 0;
  format::FreeForm form = format::FreeForm::kFree;
  bool is_temporary = false;  // freed by its thread before that thread's next allocation
  bool is_lost = false;       // its free was not recorded: the address was given out again
};

// A realloc that failed after all.
struct Revival {
  std::uint64_t ticks = 0;  // when that showed
  BlockEnd end;             // as told to Died
};

// Feed it all events in order, of all domains: a thread's next event of any kind ends its pending realloc.
// Memory is bounded by the live set. Not thread-safe.
class BlockLives {
 public:
  class Visitor {
   public:
    virtual ~Visitor() = default;
    virtual void Born(LivingBlock& block) = 0;
    virtual void Died(LivingBlock& block, const BlockEnd& end) = 0;
    virtual void Revived(LivingBlock& block, const Revival& revival) = 0;
  };

  // `visitor` must outlive this.
  BlockLives(Visitor& visitor, std::size_t thread_count) : visitor_(visitor), threads_(thread_count) {}

  void Apply(const model::Event& event);
  // `before_each` is called with each event before it is applied; of one that has an event of another thread
  // before it (`repair`, see LiveBlocks) not with that.
  template <typename BeforeEach>
  void Apply(std::span<const model::Event> events, reader::OrderRepair* repair,
             const BeforeEach& before_each) {
    repair_ = repair;
    for (std::size_t i = 0; i < events.size(); ++i) {
      if (i + kPrefetchEvents < events.size()) blocks_.Prefetch(events[i + kPrefetchEvents].address);
      before_each(events[i]);
      Apply(events[i]);
    }
    repair_ = nullptr;
  }
  void Apply(std::span<const model::Event> events, reader::OrderRepair* repair) {
    Apply(events, repair, [](const model::Event& /*event*/) {});
  }
  // After the last event. A realloc whose end was never recorded leaves its block live.
  void Finish();

  // Blocks alive now, in no particular order.
  template <typename Visit>
  void ForEachLiving(Visit visit) {
    blocks_.ForEach([&](std::uint64_t, LivingBlock& block) { visit(block); });
  }
  // The same, each with its address.
  template <typename Visit>
  void ForEachLivingAt(Visit visit) {
    blocks_.ForEach(visit);
  }

 private:
  static constexpr std::size_t kPrefetchEvents = 16;  // about the time a cache miss takes

  struct Death {
    std::uint64_t address = 0;
    LivingBlock block;
    BlockEnd end;
    bool is_known = false;
  };
  struct ThreadState {
    std::uint64_t last_allocation = 0;  // address
    bool has_allocated = false;
    bool is_reallocating = false;
    Death realloc;  // with is_reallocating
  };

  ThreadState& StateOf(model::ThreadId thread);
  void Allocate(const model::Event& event);
  Death Free(const model::Event& event);
  bool TakeCounterpart(const model::Event& event);
  void Undo(const Death& death, std::uint64_t ticks);

  Visitor& visitor_;
  reader::AddressMap<LivingBlock> blocks_;
  std::vector<ThreadState> threads_;
  reader::OrderRepair* repair_ = nullptr;  // while it applies events
};

}  // namespace memtrace::aggregate
