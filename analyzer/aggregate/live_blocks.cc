// SPDX-License-Identifier: MIT
// LiveBlocks: allocations, frees, reallocs.
#include "analyzer/aggregate/live_blocks.h"

#include <algorithm>

namespace memtrace::aggregate {
namespace {

// How far ahead of its event a block's place in the table is fetched, and then, when that has come, the
// ledger entry that it leads to: each about the time a cache miss takes.
constexpr std::size_t kTableAhead = 32;
constexpr std::size_t kEntryAhead = 16;

using model::Event;
using model::EventType;

}  // namespace

LiveBlocks::LiveBlocks(std::span<const model::Site> sites, std::size_t thread_count,
                       const Selection* selection, bool split_by_size)
    : selection_(selection),
      size_classes_(split_by_size),
      ledger_(sites.size(), sites),
      threads_(thread_count) {}

void LiveBlocks::Finish() {
  for (ThreadState& thread : threads_) {
    if (thread.is_reallocating) Undo(thread.realloc, thread.realloc_ticks);
    thread.is_reallocating = false;
  }
}

inline LiveBlocks::ThreadState& LiveBlocks::StateOf(const Event& event) {
  if (event.thread >= threads_.size()) threads_.resize(event.thread + 1);
  return threads_[event.thread];
}

// The ledger entry of a new block; 0 if the selection does not want it.
inline std::uint32_t LiveBlocks::EntryFor(const Event& event) {
  if (selection_ != nullptr &&
      !selection_->Takes({event.ticks, event.thread, event.size, event.node}, next_ordinal_++)) {
    return 0;
  }
  return ledger_.EntryOf(event.node, event.thread, size_classes_.Note(event.size));
}

inline void LiveBlocks::Allocate(const Event& event, ThreadState* thread) {
  const std::uint32_t entry = EntryFor(event);
  const auto [block, is_new] = blocks_.Insert(event.address);
  if (!is_new && block->entry != 0) {
    ++counts_.lost_frees;
    ledger_.Release(block->entry, {block->size, 1});
  }
  *block = Block{event.size, entry};
  if (entry != 0) ledger_.Allocate(entry, {event.size, 1}, event.ticks);
  thread->last_allocation = event.address;
  thread->has_allocated = true;
}

inline LiveBlocks::Release LiveBlocks::Free(const Event& event, const ThreadState& thread) {
  Release release;
  release.address = event.address;
  release.is_known = blocks_.Erase(event.address, &release.block);
  if (!release.is_known) {
    ++counts_.unknown_frees;
    return release;
  }
  const Amount amount{release.block.size, 1};
  const std::uint32_t entry = release.block.entry;
  if (entry == 0) return release;
  ledger_.Release(entry, amount);
  ++counts_.frees;
  // The address alone is not enough: another thread may have got it since.
  release.is_temporary = thread.has_allocated && thread.last_allocation == event.address &&
                         ledger_.entry(entry).thread == event.thread;
  if (release.is_temporary) ledger_.AddTemporary(entry, amount);
  release.is_mismatch = event.free_form != ledger_.entry(entry).free_form();
  if (release.is_mismatch) ++counts_.mismatched_frees;
  return release;
}

void LiveBlocks::Undo(const Release& release, std::uint64_t ticks) {
  if (!release.is_known) {
    --counts_.unknown_frees;
    return;
  }
  const auto [block, is_new] = blocks_.Insert(release.address);
  if (!is_new) return;  // given out meanwhile: then realloc did free it, whatever it said
  *block = release.block;
  if (release.block.entry == 0) return;
  const Amount amount{release.block.size, 1};
  ledger_.AddLive(release.block.entry, amount, ticks);
  --counts_.frees;
  if (release.is_temporary) ledger_.RemoveTemporary(release.block.entry, amount);
  if (release.is_mismatch) --counts_.mismatched_frees;
}

inline void LiveBlocks::ApplyOne(const Event& event) {
  ThreadState& thread = StateOf(event);
  if (thread.is_reallocating) {
    thread.is_reallocating = false;
    if (event.type == EventType::kReallocCancel && event.address == thread.realloc.address) {
      Undo(thread.realloc, event.ticks);
    }
  }
  if (event.type == EventType::kAlloc) {
    Allocate(event, &thread);
  } else if (event.type == EventType::kFree) {
    Free(event, thread);
  } else if (event.type == EventType::kReallocBegin) {
    thread.realloc = Free(event, thread);
    thread.realloc_ticks = event.ticks;
    thread.is_reallocating = true;
  }
}

// Always inlined: gcc drops calls of functions that do nothing but fetch ahead.
[[gnu::always_inline]] inline void LiveBlocks::FetchPlace(const Event& event) const {
  blocks_.Prefetch(event.address);
  if (event.type == EventType::kAlloc) ledger_.PrefetchNode(event.node);
}

// Looks only at the block's home: most are there, and a wrong guess costs no more than no guess.
[[gnu::always_inline]] inline void LiveBlocks::FetchEntry(const Event& event) const {
  if (event.type == EventType::kAlloc) {
    ledger_.PrefetchEntryOf(event.node);
  } else {
    ledger_.PrefetchEntry(blocks_.AtHome(event.address).entry);
  }
}

// Last in the file: everything above is inlined into this loop.
void LiveBlocks::Apply(std::span<const Event> events) {
  const std::size_t count = events.size();
  for (std::size_t i = 0; i < std::min(kTableAhead, count); ++i) FetchPlace(events[i]);
  for (std::size_t i = 0; i < count; ++i) {
    if (i + kTableAhead < count) FetchPlace(events[i + kTableAhead]);
    if (i + kEntryAhead < count) FetchEntry(events[i + kEntryAhead]);
    ApplyOne(events[i]);
  }
}

}  // namespace memtrace::aggregate
