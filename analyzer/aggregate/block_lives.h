// SPDX-License-Identifier: MIT
// Every block's birth and death, told one by one: for what needs more than sums per call site.
//
//     event ──► address → block ──► Visitor     Born(block)      may leave a tag in it
//                                               Died(block)      with that tag; may change it
//                                               Revived(block)   its last Died never happened: realloc failed
//
// Tells the same story as LiveBlocks, in the same order: sums of what is told here are those of a Profile.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "analyzer/model/event.h"
#include "analyzer/reader/address_map.h"

namespace memtrace::aggregate {

struct LivingBlock {
  std::uint64_t size = 0;
  std::uint64_t born_ticks = 0;
  model::NodeId node = 0;
  model::ThreadId thread = 0;
  std::array<std::uint32_t, 3> tags{};  // the visitor's own
  bool is_chosen = true;                // VisitLives' own
};

// A realloc that failed after all.
struct Revival {
  std::uint64_t ticks = 0;       // when that showed
  std::uint64_t died_ticks = 0;  // as told to Died
  bool was_temporary = false;    // as told to Died
};

// Feed it all events in order, of all domains. Not thread-safe.
class BlockLives {
 public:
  class Visitor {
   public:
    virtual ~Visitor() = default;
    virtual void Born(LivingBlock& block) = 0;
    // `is_temporary`: freed by its own thread before that thread's next allocation.
    virtual void Died(LivingBlock& block, std::uint64_t ticks, bool is_temporary) = 0;
    virtual void Revived(LivingBlock& block, const Revival& revival) = 0;
  };

  // `visitor` must outlive this.
  BlockLives(Visitor& visitor, std::size_t thread_count) : visitor_(visitor), threads_(thread_count) {}

  void Apply(const model::Event& event);
  // After the last event.
  void Finish();

  // Blocks alive now, in no particular order.
  template <typename Visit>
  void ForEachLiving(Visit visit) {
    blocks_.ForEach([&](std::uint64_t, LivingBlock& block) { visit(block); });
  }

 private:
  struct Death {
    std::uint64_t address = 0;
    std::uint64_t ticks = 0;
    LivingBlock block;
    bool is_known = false;
    bool is_temporary = false;
  };
  struct ThreadState {
    std::uint64_t last_allocation = 0;  // address
    bool has_allocated = false;
    bool is_reallocating = false;
    Death realloc;  // with is_reallocating
  };

  ThreadState& StateOf(model::ThreadId thread);
  void Allocate(const model::Event& event, ThreadState& thread);
  Death Free(const model::Event& event, const ThreadState& thread);
  void Undo(const Death& death, std::uint64_t ticks);

  Visitor& visitor_;
  reader::AddressMap<LivingBlock> blocks_;
  std::vector<ThreadState> threads_;
};

}  // namespace memtrace::aggregate
