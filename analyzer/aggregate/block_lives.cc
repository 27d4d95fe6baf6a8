// SPDX-License-Identifier: MIT
// BlockLives: the rules are LiveBlocks', see live_blocks.h.
#include "analyzer/aggregate/block_lives.h"

#include <optional>
#include <tuple>
#include <utility>

namespace memtrace::aggregate {

using model::Event;
using model::EventType;

BlockLives::ThreadState& BlockLives::StateOf(model::ThreadId thread) {
  if (thread >= threads_.size()) threads_.resize(thread + 1);
  return threads_[thread];
}

bool BlockLives::TakeCounterpart(const Event& event) {
  if (repair_ == nullptr) return false;
  const std::optional<Event> counterpart = repair_->CounterpartOf(event);
  if (!counterpart) return false;
  reader::OrderRepair* repair = std::exchange(repair_, nullptr);
  Apply(*counterpart);
  repair_ = repair;
  return true;
}

void BlockLives::Allocate(const Event& event) {
  auto [block, is_new] = blocks_.Insert(event.address);
  if (!is_new && TakeCounterpart(event)) std::tie(block, is_new) = blocks_.Insert(event.address);
  if (!is_new) {
    visitor_.Died(*block,
                  {.ticks = event.ticks, .thread = event.thread, .is_temporary = false, .is_lost = true});
  }
  *block = LivingBlock{event.size, event.ticks, event.node, event.thread};
  visitor_.Born(*block);
  ThreadState& thread = StateOf(event.thread);
  thread.last_allocation = event.address;
  thread.has_allocated = true;
}

BlockLives::Death BlockLives::Free(const Event& event) {
  Death death;
  death.address = event.address;
  death.is_known = blocks_.Erase(event.address, &death.block);
  if (!death.is_known && TakeCounterpart(event)) {
    death.is_known = blocks_.Erase(event.address, &death.block);
  }
  if (!death.is_known) return death;
  const ThreadState& thread = StateOf(event.thread);
  // The address alone is not enough: another thread may have got it since.
  const bool is_temporary =
      thread.has_allocated && thread.last_allocation == event.address && death.block.thread == event.thread;
  death.end = {event.ticks, event.thread, event.free_form, is_temporary, false};
  visitor_.Died(death.block, death.end);
  return death;
}

void BlockLives::Undo(const Death& death, std::uint64_t ticks) {
  if (!death.is_known) return;
  const auto [block, is_new] = blocks_.Insert(death.address);
  if (!is_new) return;  // given out meanwhile: then realloc did free it, whatever it said
  *block = death.block;
  visitor_.Revived(*block, {ticks, death.end});
}

void BlockLives::Apply(const Event& event) {
  ThreadState& thread = StateOf(event.thread);
  if (thread.is_reallocating) {
    thread.is_reallocating = false;
    if (event.type == EventType::kReallocCancel && event.address == thread.realloc.address) {
      Undo(thread.realloc, event.ticks);
    }
  }
  switch (event.type) {
    case EventType::kAlloc:
      Allocate(event);
      break;
    case EventType::kFree:
      Free(event);
      break;
    case EventType::kReallocBegin: {
      const Death death = Free(event);
      ThreadState& state = StateOf(event.thread);  // a counterpart may have moved it
      state.realloc = death;
      state.is_reallocating = true;
      break;
    }
    default:
      break;
  }
}

void BlockLives::Finish() {
  for (ThreadState& thread : threads_) {
    if (thread.is_reallocating) Undo(thread.realloc, thread.realloc.end.ticks);
    thread.is_reallocating = false;
  }
}

}  // namespace memtrace::aggregate
