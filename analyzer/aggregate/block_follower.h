// SPDX-License-Identifier: MIT
// Follows every block of the heap from its allocation to its free and tells a visitor about both. For
// questions about single blocks (how long, how large, freed how); sums over call sites are LiveBlocks' job.
//
//     event ──► address → FollowedBlock ──► visitor.Allocated(block)
//                                           visitor.Freed(block, how)
//
// The rules are those of live_blocks.h. The free inside of a realloc is told once the thread's next event
// shows that it did not fail; it carries its own time.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "analyzer/model/event.h"
#include "analyzer/reader/address_map.h"

namespace memtrace::aggregate {

struct FollowedBlock {
  std::uint64_t size = 0;
  std::uint64_t birth_ticks = 0;
  std::uint64_t ordinal = 0;  // how many allocations came before it
  model::NodeId node = 0;
  model::ThreadId thread = 0;
};

struct BlockEnd {
  std::uint64_t ticks = 0;
  model::ThreadId thread = 0;
  format::FreeForm form = format::FreeForm::kFree;
  bool is_temporary = false;  // freed by its thread before that thread's next allocation
  bool is_lost = false;       // its free was not recorded: the address was given out again
};

// Visitor has Allocated(const FollowedBlock&) and Freed(const FollowedBlock&, const BlockEnd&).
// Memory is bounded by the live set. Not thread-safe.
template <typename Visitor>
class BlockFollower {
 public:
  explicit BlockFollower(Visitor& visitor) : visitor_(visitor) {}

  // All events in order, of all domains: a thread's next event of any kind ends its pending realloc.
  void Apply(std::span<const model::Event> events) {
    for (std::size_t i = 0; i < events.size(); ++i) {
      if (i + kPrefetchEvents < events.size()) blocks_.Prefetch(events[i + kPrefetchEvents].address);
      ApplyOne(events[i]);
    }
  }

  // After the last event. A realloc whose end was never recorded leaves its block live.
  void Finish() {
    for (ThreadState& thread : threads_) {
      if (thread.is_reallocating) PutBack(thread);
      thread.is_reallocating = false;
    }
  }

  // In no particular order.
  template <typename Visit>
  void ForEachLive(const Visit& visit) {
    blocks_.ForEach([&](std::uint64_t /*address*/, const FollowedBlock& block) { visit(block); });
  }

 private:
  static constexpr std::size_t kPrefetchEvents = 16;  // about the time a cache miss takes

  struct ThreadState {
    std::uint64_t last_allocation = 0;  // address
    bool has_allocated = false;
    bool is_reallocating = false;
    std::uint64_t address = 0;  // of the block under realloc
    FollowedBlock block;
    BlockEnd end;
  };

  void ApplyOne(const model::Event& event) {
    if (event.thread >= threads_.size()) threads_.resize(event.thread + 1);
    ThreadState& thread = threads_[event.thread];
    if (thread.is_reallocating) EndRealloc(event, thread);
    if (event.type == model::EventType::kAlloc) {
      Allocate(event, thread);
    } else if (event.type == model::EventType::kFree || event.type == model::EventType::kReallocBegin) {
      Free(event, thread);
    }
  }

  void Allocate(const model::Event& event, ThreadState& thread) {
    const auto [block, is_new] = blocks_.Insert(event.address);
    if (!is_new) visitor_.Freed(*block, {event.ticks, event.thread, format::FreeForm::kFree, false, true});
    *block = {event.size, event.ticks, next_ordinal_++, event.node, event.thread};
    visitor_.Allocated(*block);
    thread.last_allocation = event.address;
    thread.has_allocated = true;
  }

  void Free(const model::Event& event, ThreadState& thread) {
    FollowedBlock block;
    if (!blocks_.Erase(event.address, &block)) return;
    const bool is_temporary =
        thread.has_allocated && thread.last_allocation == event.address && block.thread == event.thread;
    const BlockEnd end{event.ticks, event.thread, event.free_form, is_temporary, false};
    if (event.type == model::EventType::kFree) {
      visitor_.Freed(block, end);
      return;
    }
    thread.is_reallocating = true;
    thread.address = event.address;
    thread.block = block;
    thread.end = end;
  }

  void EndRealloc(const model::Event& event, ThreadState& thread) {
    thread.is_reallocating = false;
    const bool failed = event.type == model::EventType::kReallocCancel && event.address == thread.address;
    if (!failed || !PutBack(thread)) visitor_.Freed(thread.block, thread.end);
  }

  // False if the address was given out meanwhile: then realloc did free it, whatever it said.
  bool PutBack(const ThreadState& thread) {
    const auto [block, is_new] = blocks_.Insert(thread.address);
    if (is_new) *block = thread.block;
    return is_new;
  }

  Visitor& visitor_;
  reader::AddressMap<FollowedBlock> blocks_;
  std::vector<ThreadState> threads_;
  std::uint64_t next_ordinal_ = 0;
};

}  // namespace memtrace::aggregate
