// SPDX-License-Identifier: MIT
// LiveBlocks: allocations, frees, reallocs.
#include "analyzer/aggregate/live_blocks.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

namespace memtrace::aggregate {
namespace {

// How far ahead of its event a block's place in the table is fetched, and then, when that has come, the
// ledger entry that it leads to: each about the time a cache miss takes.
constexpr std::size_t kTableAhead = 32;
constexpr std::size_t kEntryAhead = 16;
// And the events themselves, which another core has decoded.
constexpr std::size_t kEventAhead = 64;

using model::Event;
using model::EventType;

}  // namespace

LiveBlocks::LiveBlocks(std::span<const model::Site> sites, std::size_t thread_count,
                       const Selection* selection, bool split_by_size)
    : selection_(selection),
      size_classes_(split_by_size),
      ledger_(sites.size(), sites, thread_count),
      threads_(thread_count) {}

void LiveBlocks::Finish() {
  for (ThreadState& thread : threads_) {
    if (thread.is_reallocating) Undo(thread.realloc, thread.realloc_ticks);
    thread.is_reallocating = false;
  }
}

[[gnu::always_inline]] inline LiveBlocks::ThreadState& LiveBlocks::StateOf(const Event& event) {
  if (event.thread >= threads_.size()) threads_.resize(event.thread + 1);
  return threads_[event.thread];
}

// The ledger entry of a new block; 0 if the selection does not want it.
[[gnu::always_inline]] inline std::uint32_t LiveBlocks::EntryFor(const Event& event) {
  if (selection_ != nullptr &&
      !selection_->Takes({event.ticks, event.thread, event.size, event.node}, next_ordinal_++)) {
    return 0;
  }
  return ledger_.EntryOf(event.node, event.thread, size_classes_.Note(event.size));
}

[[gnu::always_inline]] inline LiveBlocks::Block LiveBlocks::MakeBlock(std::uint64_t address,
                                                                      std::uint64_t size,
                                                                      std::uint32_t entry) {
  if (size < kHuge) [[likely]]
    return {static_cast<std::uint32_t>(size), entry};
  huge_sizes_[address] = size;
  return {kHuge, entry};
}

[[gnu::always_inline]] inline std::uint64_t LiveBlocks::TakeSize(std::uint64_t address, const Block& block) {
  const std::uint64_t size = SizeOf(address, block);
  if (block.size == kHuge) [[unlikely]]
    huge_sizes_.erase(address);
  return size;
}

// An event that does not fit may have its reason in one that comes too late: then that is applied, and
// `event` fits.
[[gnu::noinline]] bool LiveBlocks::TakeCounterpart(const Event& event) {
  if (repair_ == nullptr) return false;
  const std::optional<Event> counterpart = repair_->CounterpartOf(event);
  if (!counterpart) return false;
  reader::OrderRepair* repair = std::exchange(repair_, nullptr);
  ApplyOne(*counterpart);
  repair_ = repair;
  return true;
}

[[gnu::always_inline]] inline void LiveBlocks::Allocate(const Event& event, ThreadState* thread) {
  auto [block, is_new] = blocks_.Insert(event.address);
  if (!is_new) [[unlikely]] {
    const auto index = static_cast<std::size_t>(thread - threads_.data());
    if (TakeCounterpart(event)) std::tie(block, is_new) = blocks_.Insert(event.address);
    thread = &threads_[index];
    const std::uint64_t lost_size = is_new ? 0 : TakeSize(event.address, *block);
    if (!is_new && block->entry != 0) {
      ++counts_.lost_frees;
      ledger_.Release(block->entry, {lost_size, 1});
    }
  }
  const std::uint32_t entry = EntryFor(event);
  *block = MakeBlock(event.address, event.size, entry);
  if (entry != 0) ledger_.Allocate(entry, {event.size, 1}, event.ticks);
  thread->last_allocation = event.address;
  thread->has_allocated = true;
}

[[gnu::always_inline]] inline LiveBlocks::Release LiveBlocks::Free(const Event& event,
                                                                   const ThreadState& thread) {
  Release release;
  release.address = event.address;
  Block block;
  release.is_known = blocks_.Erase(event.address, &block);
  if (!release.is_known) [[unlikely]] {
    const std::uint32_t number = event.thread;
    release.is_known = TakeCounterpart(event) && blocks_.Erase(event.address, &block);
    if (!release.is_known) {
      ++counts_.unknown_frees;
      return release;
    }
    return Freed(event, threads_[number], block, release);
  }
  return Freed(event, thread, block, release);
}

// What the free of a known block means.
[[gnu::always_inline]] inline LiveBlocks::Release LiveBlocks::Freed(const Event& event,
                                                                    const ThreadState& thread,
                                                                    const Block& block, Release release) {
  release.size = TakeSize(event.address, block);
  release.entry = block.entry;
  const Amount amount{release.size, 1};
  const std::uint32_t entry = block.entry;
  if (entry == 0) return release;
  ledger_.Release(entry, amount);
  ++counts_.frees;
  // The address alone is not enough: another thread may have got it since.
  release.is_temporary = thread.last_allocation == event.address && thread.has_allocated &&
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
  *block = MakeBlock(release.address, release.size, release.entry);
  if (release.entry == 0) return;
  const Amount amount{release.size, 1};
  ledger_.AddLive(release.entry, amount, ticks);
  --counts_.frees;
  if (release.is_temporary) ledger_.RemoveTemporary(release.entry, amount);
  if (release.is_mismatch) --counts_.mismatched_frees;
}

// A thread's next event after the begin of a realloc says whether that failed.
[[gnu::noinline]] void LiveBlocks::EndRealloc(const Event& event, ThreadState* thread) {
  thread->is_reallocating = false;
  if (event.type == EventType::kReallocCancel && event.address == thread->realloc.address) {
    Undo(thread->realloc, event.ticks);
  }
}

// All but the two most common kinds.
[[gnu::noinline]] void LiveBlocks::ApplyOther(const Event& event, ThreadState* thread) {
  if (event.type >= EventType::kMap) has_seen_mappings_ = true;
  if (event.type != EventType::kReallocBegin) return;
  const Release release = Free(event, *thread);
  ThreadState& state = StateOf(event);  // a counterpart may have moved it
  state.realloc = release;
  state.realloc_ticks = event.ticks;
  state.is_reallocating = true;
}

[[gnu::always_inline]] inline void LiveBlocks::ApplyOne(const Event& event) {
  ThreadState& thread = StateOf(event);
  if (thread.is_reallocating) [[unlikely]]
    EndRealloc(event, &thread);
  if (event.type == EventType::kAlloc) {
    Allocate(event, &thread);
  } else if (event.type == EventType::kFree) {
    Free(event, thread);
  } else {
    ApplyOther(event, &thread);
  }
}

// Without a branch on what the event is: that is as good as random. A free has node 0, which costs nothing.
[[gnu::always_inline]] inline void LiveBlocks::FetchPlace(const Event& event) const {
  blocks_.Prefetch(event.address);
  ledger_.PrefetchNode(event.node, event.thread);
}

// Looks only at the block's home: most are there, and a wrong guess costs no more than no guess.
[[gnu::always_inline]] inline void LiveBlocks::FetchEntry(const Event& event) const {
  const std::uint32_t of_node = ledger_.FirstEntryOf(event.node, event.thread);
  const std::uint32_t of_block = blocks_.AtHome(event.address).entry;
  const std::uint32_t is_alloc = event.type == EventType::kAlloc ? ~0U : 0U;
  ledger_.PrefetchEntry((of_node & is_alloc) | (of_block & ~is_alloc));
}

// Last in the file: everything above is inlined into this loop.
bool LiveBlocks::Apply(std::span<const Event> events, reader::OrderRepair* repair) {
  repair_ = repair;
  has_seen_mappings_ = false;
  const std::size_t count = events.size();
  for (std::size_t i = 0; i < std::min(kTableAhead, count); ++i) FetchPlace(events[i]);
  for (std::size_t i = 0; i < count; ++i) {
    __builtin_prefetch(events.data() + i + kEventAhead);  // beyond the end it does nothing
    if (i + kTableAhead < count) FetchPlace(events[i + kTableAhead]);
    if (i + kEntryAhead < count) FetchEntry(events[i + kEntryAhead]);
    ApplyOne(events[i]);
  }
  repair_ = nullptr;
  return has_seen_mappings_;
}

}  // namespace memtrace::aggregate
