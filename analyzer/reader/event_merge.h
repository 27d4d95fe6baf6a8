// SPDX-License-Identifier: MIT
// All threads' events in one order of time.
//
//     thread 0   a5 ─── f9 ───────── a14         heap of cursors by (ticks, releases first):
//     thread 1   ──── a7 ──── f12 ── a14           a5 a7 f9 f12 a14 a14
//
// A free is stamped before the real free and an allocation after the real one, so sorting by time pairs every
// reuse of an address rightly, as far as clocks agree. They agree within kMaxClockSkewNs. Two things give a
// disagreement away, and both are repaired if the other thread's event follows within that time: it is handed
// out right before the one that needs it, and left out when its own turn comes.
//
//     given out while in use   alloc X (thread 1), free X (thread 0)   the free was earlier in truth
//     freed while not in use   free X (thread 0), alloc X (thread 1)   the allocation was: thread 1 handed it
//                              over, and thread 0's CPU read its clock before the load that it waited for
//
// Without such an event nothing is changed: then an event was never recorded, see aggregate/.
//
// To notice takes a table of all addresses in use. Visitors that keep one themselves (LiveBlocks) need no
// second one here, which costs as much as theirs: they are handed the events as they are stamped, and ask.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "analyzer/reader/address_map.h"
#include "analyzer/reader/thread_cursor.h"

namespace memtrace::reader {

// TSCs of one machine differ by less than a microsecond where Linux trusts them at all (it checks at boot),
// and a tick is a few nanoseconds. Ten times that still is far less than any real reuse that we could mistake
// for skew: it would take an allocation, a lost free, another allocation and a foreign free, all of one
// address.
inline constexpr std::uint64_t kMaxClockSkewNs = 10'000;

// One pass. Each thread's own order is kept, but for events that are moved ahead as described above.
class EventMerge : public OrderRepair {
 public:
  // Who notices what is out of order: this, or the visitor, who then calls CounterpartOf.
  enum class Repair { kHere, kByVisitor };

  // `context` and `threads` must outlive the merge.
  EventMerge(const CursorContext* context, std::span<const ThreadSegments> threads,
             std::uint64_t max_skew_ticks, Repair repair = Repair::kHere);

  // The next events, at least one; empty at the end. Valid until the next call.
  std::span<const model::Event> Next();

  // With kByVisitor, of an event of the batch that Next gave last.
  std::optional<model::Event> CounterpartOf(const model::Event& event) override;

  std::uint64_t done_bytes() const;
  std::uint64_t repaired() const { return repaired_; }

 private:
  struct Nothing {};
  // Where a cursor stands in the heap. A release goes before what else happened in the same tick.
  struct Place {
    std::uint64_t ticks;
    std::uint32_t not_release;
    std::uint32_t cursor;
    auto operator<=>(const Place&) const = default;
  };

  Place PlaceOf(std::uint32_t cursor) const;
  std::span<model::Event> NextMerged();
  std::span<model::Event> NextOfOnlyThread();
  std::span<model::Event> RunFirst();
  void SiftDown(std::size_t at);
  std::span<model::Event> Emit(std::span<model::Event> batch, std::size_t run, std::uint32_t cursor);
  std::span<model::Event> EmitNoted(std::span<model::Event> batch, std::size_t run, std::uint32_t cursor);
  bool Note(const model::Event& event);
  void TakeCounterpart(const model::Event& event, std::uint32_t cursor);
  model::Event* FindAhead(const model::Event& event, model::ThreadId thread);

  std::vector<ThreadCursor> cursors_;
  std::vector<Place> heap_;
  std::vector<model::Event> out_;
  AddressMap<Nothing> live_;  // addresses in use, with several threads and kHere only
  const Repair repair_;
  std::span<model::Event> current_;  // what Next gave last
  const std::uint64_t max_skew_ticks_;
  std::uint64_t repaired_ = 0;
};

}  // namespace memtrace::reader
