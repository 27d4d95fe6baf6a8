// SPDX-License-Identifier: MIT
// BlockLives: the rules are LiveBlocks', see live_blocks.h.
#include "analyzer/aggregate/block_lives.h"

namespace memtrace::aggregate {

using model::Event;
using model::EventType;

BlockLives::ThreadState& BlockLives::StateOf(model::ThreadId thread) {
  if (thread >= threads_.size()) threads_.resize(thread + 1);
  return threads_[thread];
}

void BlockLives::Allocate(const Event& event, ThreadState& thread) {
  const auto [block, is_new] = blocks_.Insert(event.address);
  if (!is_new) visitor_.Died(*block, event.ticks, false);  // its free was lost
  *block = LivingBlock{event.size, event.ticks, event.node, event.thread};
  visitor_.Born(*block);
  thread.last_allocation = event.address;
  thread.has_allocated = true;
}

BlockLives::Death BlockLives::Free(const Event& event, const ThreadState& thread) {
  Death death;
  death.address = event.address;
  death.ticks = event.ticks;
  death.is_known = blocks_.Erase(event.address, &death.block);
  if (!death.is_known) return death;
  death.is_temporary =
      thread.has_allocated && thread.last_allocation == event.address && death.block.thread == event.thread;
  visitor_.Died(death.block, event.ticks, death.is_temporary);
  return death;
}

void BlockLives::Undo(const Death& death, std::uint64_t ticks) {
  if (!death.is_known) return;
  const auto [block, is_new] = blocks_.Insert(death.address);
  if (!is_new) return;  // given out meanwhile: then realloc did free it, whatever it said
  *block = death.block;
  visitor_.Revived(*block, {ticks, death.ticks, death.is_temporary});
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
      Allocate(event, thread);
      break;
    case EventType::kFree:
      Free(event, thread);
      break;
    case EventType::kReallocBegin:
      thread.realloc = Free(event, thread);
      thread.is_reallocating = true;
      break;
    default:
      break;
  }
}

void BlockLives::Finish() {
  for (ThreadState& thread : threads_) {
    if (thread.is_reallocating) Undo(thread.realloc, thread.realloc.ticks);
    thread.is_reallocating = false;
  }
}

}  // namespace memtrace::aggregate
