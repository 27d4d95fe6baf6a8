// SPDX-License-Identifier: MIT
// One thread's events, in its own order, a batch at a time.
//
//     segments  [ seq 0 ][ seq 1 ][ seq 2 ]          a segment is loaded when the merge comes to its first
//     tick: whole,
//                           ▲                        if a worker has decoded it already (DecodeAhead), else
//                           piece by
//     batch     [ done | head ... ]                  piece; memory is one window's events for each thread at
//     work
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "analyzer/model/event.h"
#include "analyzer/reader/damage_log.h"
#include "analyzer/reader/decode_ahead.h"
#include "analyzer/reader/event_decoder.h"
#include "analyzer/reader/order_repair.h"
#include "analyzer/reader/segment_bytes.h"
#include "analyzer/reader/segments.h"

namespace memtrace::reader {

// What all cursors of one pass share; must outlive them.
struct CursorContext {
  const TraceFile* file = nullptr;
  std::span<const model::NodeId> canonical;
  std::uint64_t limit_ticks = ~0ULL;  // later events are left out
  DamageLog* damage = nullptr;
  DecodeAhead* ahead = nullptr;  // null: the cursors decode everything themselves
};

// More events than a thread can record within any clock skew; a bound for traces that claim to.
inline constexpr std::size_t kMaxLookAhead = 4096;

// True for events that give a block's address back.
inline bool IsRelease(const model::Event& event) {
  return event.type == model::EventType::kFree || event.type == model::EventType::kReallocBegin;
}

// Not thread-safe. Cursors of different threads share nothing but the damage log.
class ThreadCursor {
 public:
  // `index` is that of the thread among all threads of the pass.
  ThreadCursor(const CursorContext* context, const ThreadSegments* thread, std::size_t index)
      : context_(context), thread_(thread), index_(index), next_ticks_(thread->segments.front().base_ticks) {}

  // True when head() may be called; otherwise Fill() has to come first.
  bool has_head() const { return at_ < batch_.size(); }
  const model::Event& head() const { return batch_[at_]; }

  // The time of head(), or while nothing is loaded a time before which no event comes.
  std::uint64_t ticks() const { return has_head() ? head().ticks : next_ticks_; }

  // Decodes on until there is a head; false at the thread's end.
  bool Fill();

  // The decoded events that are still to come, head() first. TakeFirst moves past some of them.
  std::span<model::Event> batch() { return std::span(batch_).subspan(at_); }
  void TakeFirst(std::size_t count) { at_ += count; }
  model::ThreadId thread() const { return thread_->thread; }

  // The first event to come that gives out a block at `address` or takes it back, no later than `limit_ticks`
  // and within the next kMaxLookAhead events; null if there is none. Looks beyond the batch where it must.
  // Valid until the next call of anything.
  model::Event* FindNext(std::uint64_t address, std::uint64_t limit_ticks);

  // Bytes of segments that are decoded, as stored.
  std::uint64_t done_bytes() const { return done_bytes_; }

 private:
  // Appends decoded events to the batch; false at the thread's end.
  bool Extend();
  bool LoadSegment();
  // Puts the next segment, if a worker has it, behind what is left of the batch.
  bool TakeDecoded();
  void FinishSegment(const std::optional<DecodeError>& error, std::uint64_t unknown_nodes,
                     std::size_t raw_bytes);
  void TellLoss(const Segment& segment, const char* problem) const;
  void GiveBatchBack();
  // Makes the batch from `first` on run forward in time and end at limit_ticks.
  void Tidy(std::size_t first);

  const CursorContext* context_;
  const ThreadSegments* thread_;
  const std::size_t index_;
  std::size_t segment_ = 0;  // the one that is loaded, or is to be loaded next
  bool is_loaded_ = false;
  SegmentBytes bytes_;
  EventDecoder decoder_;
  std::vector<model::Event> batch_;
  bool is_borrowed_ = false;  // batch_ counts for DecodeAhead until it is given back
  std::size_t at_ = 0;
  std::uint64_t next_ticks_;
  std::uint64_t last_ticks_ = 0;
  std::uint64_t done_bytes_ = 0;
};

}  // namespace memtrace::reader
