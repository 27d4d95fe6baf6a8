// SPDX-License-Identifier: MIT
// Opens a .mtr file, also one that is still being written or was cut off, and hands out its events in time
// order.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "analyzer/model/event.h"
#include "analyzer/model/trace.h"
#include "analyzer/reader/order_repair.h"
#include "analyzer/util/result.h"

namespace memtrace::reader {

// Not thread-safe; several readers may read the same file.
class TraceReader {
 public:
  // Reads everything but the events. Fails with kUnreadable when there is no such file, no permission, or the
  // file is no memtrace trace; a damaged trace opens, with trace().damage saying what was lost.
  static Result<TraceReader> Open(const std::string& path);

  TraceReader(TraceReader&&) noexcept;
  TraceReader& operator=(TraceReader&&) noexcept;
  ~TraceReader();

  const model::Trace& trace() const;

  // Calls `visit` for every event, merged over threads by time; ties and clock skew are repaired so that an
  // address is freed before it is given out again. Each call starts anew and sees the same events: those in
  // the file when it was opened. `progress`, if set, is called now and then with the share done, 0 to 1.
  // Event chunks found damaged are added to trace().damage and skipped.
  void ForEachEvent(const std::function<void(const model::Event&)>& visit,
                    const std::function<void(double)>& progress = {});

  // The same in batches of up to some hundred events, without a call for each. A batch is valid during the
  // call.
  void ForEachBatch(const std::function<void(std::span<const model::Event>)>& visit,
                    const std::function<void(double)>& progress = {});

  // Faster with several threads, for a visitor that keeps a table of live blocks: the events are in the order
  // of their stamps, and the visitor asks for what does not fit; see order_repair.h. Events of type
  // kTakenEarly are to be passed over.
  void ForEachStampedBatch(const std::function<void(std::span<const model::Event>, OrderRepair&)>& visit,
                           const std::function<void(double)>& progress = {});

  // Time of an event, in nanoseconds since the start of recording.
  std::uint64_t TimeNs(std::uint64_t ticks) const;
  // The last tick at that time: events up to and with it have happened by then.
  std::uint64_t LastTickAt(std::uint64_t time_ns) const;

 private:
  class Impl;
  explicit TraceReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace memtrace::reader
