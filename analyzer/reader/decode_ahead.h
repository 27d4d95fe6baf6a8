// SPDX-License-Identifier: MIT
// Worker threads that load, decompress and decode segments before the merge asks for them.
//
//     segments of all threads   [ 0 ][ 1 ][ 2 ][ 3 ][ 4 ][ 5 ][ 6 ]        in the order of their first ticks:
//     by time                     taken │ done  done │run │ waiting         about that in which the merge
//     needs them
//                                       └ kAhead at most ┘
//
// The merge takes what is done, waits for what is running, and decodes by itself, piece by piece, what nobody
// has begun. So nothing ever waits for room, and memory is bounded: kAhead decoded segments beside what each
// cursor holds.
//
// Thread-safety: Take and GiveBack are for one thread, that of the merge. Everything shared is under mutex_.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "analyzer/model/event.h"
#include "analyzer/reader/event_decoder.h"
#include "analyzer/reader/segment_bytes.h"
#include "analyzer/reader/segments.h"

namespace memtrace::reader {

struct DecodedSegment {
  std::vector<model::Event> events;
  const char* problem = nullptr;     // the segment could not be loaded: why
  std::optional<DecodeError> error;  // its events end here
  std::size_t raw_bytes = 0;
  std::uint64_t unknown_nodes = 0;
};

class DecodeAhead {
 public:
  static constexpr std::size_t kAhead = 24;

  // How many workers are of use here: none on a machine with one CPU, or for a trace this small.
  static unsigned UsefulWorkers(std::span<const ThreadSegments> threads);

  // All arguments must outlive it.
  DecodeAhead(const TraceFile& file, std::span<const model::NodeId> canonical,
              std::span<const ThreadSegments> threads, unsigned workers);
  ~DecodeAhead();
  DecodeAhead(const DecodeAhead&) = delete;
  DecodeAhead& operator=(const DecodeAhead&) = delete;

  // What a worker made of a segment; nothing if none has begun it: then it is the caller's. Once for each
  // segment. `thread` is an index into the threads of the constructor.
  std::optional<DecodedSegment> Take(std::size_t thread, std::size_t segment);
  // The memory of a taken segment, when its events are no longer needed: makes room for another one.
  void GiveBack(std::vector<model::Event> events);

 private:
  enum class State : std::uint8_t { kWaiting, kRunning, kDone, kTaken };
  struct Job {
    const Segment* segment;
    std::uint32_t thread;
    State state = State::kWaiting;
    DecodedSegment decoded;
  };
  // A worker's own: packed chunks hold several windows of a thread, which come in turn.
  class Loader;

  void Work();
  Job* NextJob(std::unique_lock<std::mutex>& lock, std::vector<model::Event>* memory);
  void Decode(Job* job, Loader* loader, std::vector<model::Event> memory) const;

  const TraceFile& file_;
  const std::span<const model::NodeId> canonical_;
  std::vector<Job> jobs_;               // by thread, then by segment; never grows
  std::vector<std::size_t> first_job_;  // by thread
  std::vector<std::uint32_t> order_;    // jobs by time

  std::mutex mutex_;
  std::condition_variable room_;  // for the workers: there is something to do
  std::condition_variable done_;  // for the merge: a running job is done
  std::size_t next_ = 0;          // into order_
  std::size_t ahead_ = 0;         // running, done, or taken and not given back
  bool stop_ = false;
  std::vector<std::vector<model::Event>> memory_;
  std::vector<std::thread> workers_;
};

}  // namespace memtrace::reader
