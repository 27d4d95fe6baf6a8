// SPDX-License-Identifier: MIT
// EventMerge: a binary heap of threads; the first one runs as long as it stays first.
#include "analyzer/reader/event_merge.h"

#include <algorithm>
#include <utility>

namespace memtrace::reader {
namespace {

constexpr std::size_t kOutEvents = 1024;  // 48 KiB
// A run of one thread that is at least this long is handed out where it lies.
constexpr std::size_t kLongRun = 256;
constexpr std::size_t kStride = 32;  // a look at one event tells about all before it
constexpr std::size_t kPrefetchEvents = 24;  // about the time a cache miss takes

}  // namespace

EventMerge::EventMerge(const CursorContext* context, std::span<const ThreadSegments> threads,
                       std::uint64_t max_skew_ticks, Repair repair)
    : repair_(repair), max_skew_ticks_(max_skew_ticks) {
  cursors_.reserve(threads.size());
  for (const ThreadSegments& thread : threads) {
    heap_.push_back({thread.segments.front().base_ticks, 0, static_cast<std::uint32_t>(cursors_.size())});
    cursors_.emplace_back(context, &thread, cursors_.size());
  }
  std::sort(heap_.begin(), heap_.end());  // a sorted array is a heap
  out_.reserve(2 * kOutEvents);
}

std::span<const model::Event> EventMerge::Next() {
  current_ = cursors_.size() == 1 ? NextOfOnlyThread() : NextMerged();
  return current_;
}

std::span<model::Event> EventMerge::NextMerged() {
  out_.clear();
  while (!heap_.empty() && out_.size() < kOutEvents) {
    const std::uint32_t first = heap_[0].cursor;
    std::span<model::Event> run;
    if (cursors_[first].has_head()) {
      // A look ahead may have loaded the cursor since it was put here; its true place may be further back.
      if (PlaceOf(first) == heap_[0]) run = RunFirst();
    } else if (!cursors_[first].Fill()) {
      heap_[0] = heap_.back();
      heap_.pop_back();
      if (heap_.empty()) break;
      SiftDown(0);
      continue;
    }
    heap_[0] = PlaceOf(first);
    SiftDown(0);
    if (!run.empty()) return run;
  }
  return out_;
}

// No other thread: nothing to merge and no clocks that could differ; the batch is handed out as it is.
std::span<model::Event> EventMerge::NextOfOnlyThread() {
  ThreadCursor& cursor = cursors_[0];
  if (!cursor.Fill()) return {};
  const auto batch = cursor.batch();
  cursor.TakeFirst(batch.size());
  return batch;
}

// The events of the first thread up to another one's turn go to out_; or, if there are many and nothing else
// is in out_, they are returned, to be handed out without a copy.
std::span<model::Event> EventMerge::RunFirst() {
  Place next{~0ULL, ~0U, ~0U};
  if (heap_.size() > 1) next = heap_[1];
  if (heap_.size() > 2) next = std::min(next, heap_[2]);
  const std::uint32_t first = heap_[0].cursor;
  const auto batch = cursors_[first].batch();
  const std::size_t most = std::min(batch.size(), kOutEvents);
  std::size_t run = 1;  // nobody is before the first one
  while (run + kStride < most && batch[run + kStride].ticks < next.ticks) run += kStride;
  while (run < most && Place{batch[run].ticks, IsRelease(batch[run]) ? 0U : 1U, first} < next) ++run;
  cursors_[first].TakeFirst(run);
  return Emit(batch, run, first);
}

inline EventMerge::Place EventMerge::PlaceOf(std::uint32_t cursor) const {
  const ThreadCursor& c = cursors_[cursor];
  const bool goes_first = !c.has_head() || IsRelease(c.head());
  return {c.ticks(), goes_first ? 0U : 1U, cursor};
}

void EventMerge::SiftDown(std::size_t at) {
  for (;;) {
    std::size_t child = 2 * at + 1;
    if (child >= heap_.size()) return;
    if (child + 1 < heap_.size() && heap_[child + 1] < heap_[child]) ++child;
    if (heap_[at] < heap_[child]) return;
    std::swap(heap_[at], heap_[child]);
    at = child;
  }
}

// The first `run` of `batch`, the events of a thread from its head on.
std::span<model::Event> EventMerge::Emit(std::span<model::Event> batch, std::size_t run,
                                         std::uint32_t cursor) {
  if (repair_ == Repair::kHere) return EmitNoted(batch, run, cursor);
  if (out_.empty() && run >= kLongRun) return batch.first(run);
  out_.insert(out_.end(), batch.begin(), batch.begin() + static_cast<std::ptrdiff_t>(run));
  return {};
}

// The same, with what is out of order put right.
std::span<model::Event> EventMerge::EmitNoted(std::span<model::Event> batch, std::size_t run,
                                              std::uint32_t cursor) {
  std::size_t copied = 0;
  bool is_whole = out_.empty() && run >= kLongRun;
  const auto copy_until = [&](std::size_t end) {
    out_.insert(out_.end(), batch.begin() + static_cast<std::ptrdiff_t>(copied),
                batch.begin() + static_cast<std::ptrdiff_t>(end));
    copied = end;
    is_whole = false;
  };
  for (std::size_t i = 0; i < run; ++i) {
    if (i + kPrefetchEvents < batch.size()) live_.Prefetch(batch[i + kPrefetchEvents].address);
    if (Note(batch[i])) continue;
    copy_until(i);
    if (batch[i].type == kTakenEarly) {
      ++copied;
    } else {
      TakeCounterpart(batch[i], cursor);
    }
  }
  if (is_whole) return batch.first(run);
  copy_until(run);
  return {};
}

// Keeps live_ up to date. False if the event does not fit, or is not to be handed out.
inline bool EventMerge::Note(const model::Event& event) {
  switch (event.type) {
    case model::EventType::kAlloc:
      return live_.Insert(event.address).second;
    case model::EventType::kFree:
    case model::EventType::kReallocBegin: {
      Nothing unused;
      return live_.Erase(event.address, &unused);
    }
    case model::EventType::kReallocCancel:
      live_.Insert(event.address);
      return true;
    default:
      return event.type != kTakenEarly;
  }
}

// `event` does not fit what its address is at this time. If another thread's next event there is the opposite
// one, and soon, that one happened before. Afterwards the address is again what `event` makes it, so live_
// stays right.
void EventMerge::TakeCounterpart(const model::Event& event, std::uint32_t cursor) {
  model::Event* earliest = FindAhead(event, cursors_[cursor].thread());
  if (earliest == nullptr || IsRelease(*earliest) == IsRelease(event)) return;
  out_.push_back(*earliest);
  out_.back().ticks = event.ticks;
  earliest->type = kTakenEarly;
  ++repaired_;
}

// The first event at its address that another thread still has to come, if it is near.
model::Event* EventMerge::FindAhead(const model::Event& event, model::ThreadId thread) {
  const std::uint64_t limit = event.ticks + max_skew_ticks_;
  model::Event* earliest = nullptr;
  for (ThreadCursor& cursor : cursors_) {
    if (cursor.thread() == thread || cursor.ticks() > limit) continue;
    model::Event* found = cursor.FindNext(event.address, limit);
    if (found != nullptr && (earliest == nullptr || found->ticks < earliest->ticks)) earliest = found;
  }
  return earliest;
}

std::optional<model::Event> EventMerge::CounterpartOf(const model::Event& event) {
  const auto index = static_cast<std::size_t>(&event - current_.data());
  if (repair_ == Repair::kHere || cursors_.size() == 1 || index >= current_.size()) return std::nullopt;
  const std::uint64_t limit = event.ticks + max_skew_ticks_;
  model::Event* found = nullptr;
  // What is in the batch comes before all that the cursors still have.
  for (model::Event& later : current_.subspan(index + 1)) {
    if (later.ticks > limit || found != nullptr) break;
    const bool is_of_block = later.type == model::EventType::kAlloc || IsRelease(later);
    if (later.address == event.address && later.thread != event.thread && is_of_block) found = &later;
  }
  if (found == nullptr) found = FindAhead(event, event.thread);
  if (found == nullptr || IsRelease(*found) == IsRelease(event)) return std::nullopt;
  model::Event counterpart = *found;
  counterpart.ticks = event.ticks;
  found->type = kTakenEarly;
  ++repaired_;
  return counterpart;
}

std::uint64_t EventMerge::done_bytes() const {
  std::uint64_t sum = 0;
  for (const ThreadCursor& cursor : cursors_) sum += cursor.done_bytes();
  return sum;
}

}  // namespace memtrace::reader
