// SPDX-License-Identifier: MIT
// The heap domain: which blocks are live, and what their coming and going means for the ledger.
//
//     event ──► address → block (size, ledger entry) ──► Ledger
//                  │
//                  ├─ free of an address that is not there     unknown: it was allocated before us, or unseen
//                  ├─ allocation at an address that is there   its free was lost: the old block is dropped
//                  └─ realloc   begin = freed; cancel by the same thread's next event = never happened
//
// A realloc counts as one free and one allocation, as valgrind counts it. One whose end was never recorded
// (the process was killed inside) leaves its block live.
#pragma once

#include <tsl/robin_map.h>

#include <cstdint>
#include <span>
#include <vector>

#include "analyzer/aggregate/ledger.h"
#include "analyzer/aggregate/selection.h"
#include "analyzer/aggregate/size_classes.h"
#include "analyzer/model/event.h"
#include "analyzer/reader/address_map.h"
#include "analyzer/reader/order_repair.h"

namespace memtrace::aggregate {

struct BlockCounts {
  std::uint64_t frees = 0;
  std::uint64_t unknown_frees = 0;  // of these nothing else is known, so a selection keeps them all
  std::uint64_t mismatched_frees = 0;
  std::uint64_t lost_frees = 0;
};

// Feed it all events in order, of all domains: a thread's next event of any kind ends its pending realloc.
class LiveBlocks {
 public:
  // `sites` tells how blocks were asked for; it must outlive this.
  // `selection`, which must outlive it too, says which blocks count; null: all do.
  LiveBlocks(std::span<const model::Site> sites, std::size_t thread_count,
             const Selection* selection = nullptr, bool split_by_size = false);

  // True if some of them were of mappings, which are not its business. `repair`: of the pass that the events
  // are a batch of, if that leaves their order to its visitor; null: they are in order.
  bool Apply(std::span<const model::Event> events, reader::OrderRepair* repair = nullptr);
  // After the last event.
  void Finish();

  // Calls `visit` with address, size and node of each block that is live and counts, in no order.
  template <typename Visit>
  void ForEachLive(Visit visit) {
    blocks_.ForEach([&](std::uint64_t address, const Block& block) {
      if (block.entry != 0) visit(address, SizeOf(address, block), ledger_.entry(block.entry).node);
    });
  }

  const Ledger& ledger() const { return ledger_; }
  Highest TakeHighest(std::uint64_t now_ticks) { return ledger_.TakeHighest(now_ticks); }
  const BlockCounts& counts() const { return counts_; }
  const SizeClasses& size_classes() const { return size_classes_; }

 private:
  // 16 bytes with its address: four in a cache line, none in two.
  struct Block {
    std::uint32_t size = 0;   // kHuge: see huge_sizes_
    std::uint32_t entry = 0;  // 0: it does not count
  };
  static constexpr std::uint32_t kHuge = ~0U;

  // What a free did, so that a cancelled realloc can be taken back.
  struct Release {
    std::uint64_t address = 0;
    std::uint64_t size = 0;
    std::uint32_t entry = 0;
    bool is_known = false;
    bool is_temporary = false;
    bool is_mismatch = false;
  };

  struct ThreadState {
    std::uint64_t last_allocation = 0;  // address
    bool has_allocated = false;
    bool is_reallocating = false;
    Release realloc;  // with is_reallocating
    std::uint64_t realloc_ticks = 0;
  };

  void FetchPlace(const model::Event& event) const;
  void FetchEntry(const model::Event& event) const;
  void ApplyOne(const model::Event& event);
  void ApplyOther(const model::Event& event, ThreadState* thread);
  void EndRealloc(const model::Event& event, ThreadState* thread);
  ThreadState& StateOf(const model::Event& event);
  void Allocate(const model::Event& event, ThreadState* thread);
  Release Free(const model::Event& event, const ThreadState& thread);
  Release Freed(const model::Event& event, const ThreadState& thread, const Block& block, Release release);
  bool TakeCounterpart(const model::Event& event);
  std::uint64_t SizeOf(std::uint64_t address, const Block& block) const {
    return block.size != kHuge ? block.size : huge_sizes_.at(address);
  }
  // The same of a block that goes.
  std::uint64_t TakeSize(std::uint64_t address, const Block& block);
  Block MakeBlock(std::uint64_t address, std::uint64_t size, std::uint32_t entry);
  void Undo(const Release& release, std::uint64_t ticks);

  std::uint32_t EntryFor(const model::Event& event);

  const Selection* selection_;
  SizeClasses size_classes_;
  std::uint64_t next_ordinal_ = 0;  // with a selection
  Ledger ledger_;
  reader::AddressMap<Block> blocks_;
  tsl::robin_map<std::uint64_t, std::uint64_t> huge_sizes_;  // by address, of blocks from 4 GiB on
  std::vector<ThreadState> threads_;
  BlockCounts counts_;
  reader::OrderRepair* repair_ = nullptr;  // while it applies events
  bool has_seen_mappings_ = false;         // since the last call
};

}  // namespace memtrace::aggregate
