// SPDX-License-Identifier: MIT
// A queue that is known from the beginning, and threads that run ahead in it.
#include "analyzer/reader/decode_ahead.h"

#include <algorithm>
#include <array>
#include <new>
#include <numeric>
#include <system_error>
#include <utility>

namespace memtrace::reader {
namespace {

constexpr unsigned kMaxWorkers = 4;
constexpr std::size_t kSegmentsWorthAThread = 8;
constexpr std::size_t kDecodeEvents = 4096;

}  // namespace

class DecodeAhead::Loader {
 public:
  SegmentBytes& Of(std::uint32_t thread) { return bytes_[thread % bytes_.size()]; }

 private:
  std::array<SegmentBytes, 8> bytes_;
};

unsigned DecodeAhead::UsefulWorkers(std::span<const ThreadSegments> threads) {
  std::size_t segments = 0;
  for (const ThreadSegments& thread : threads) segments += thread.segments.size();
  if (segments < kSegmentsWorthAThread) return 0;
  const unsigned cpus = std::thread::hardware_concurrency();
  return cpus < 2 ? 0 : std::min(cpus - 1, kMaxWorkers);
}

DecodeAhead::DecodeAhead(const TraceFile& file, std::span<const model::NodeId> canonical,
                         std::span<const ThreadSegments> threads, unsigned workers)
    : file_(file), canonical_(canonical) {
  for (const ThreadSegments& thread : threads) {
    first_job_.push_back(jobs_.size());
    for (const Segment& segment : thread.segments)
      jobs_.push_back({&segment, thread.thread, State::kWaiting, {}});
  }
  order_.resize(jobs_.size());
  std::iota(order_.begin(), order_.end(), 0U);
  std::stable_sort(order_.begin(), order_.end(), [&](std::uint32_t a, std::uint32_t b) {
    return jobs_[a].segment->base_ticks < jobs_[b].segment->base_ticks;
  });
  try {
    for (unsigned i = 0; i < workers; ++i) workers_.emplace_back([this] { Work(); });
  } catch (const std::system_error&) {
    // Fewer threads than hoped for, or none: the merge does what nobody has begun.
  }
}

DecodeAhead::~DecodeAhead() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  room_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

std::optional<DecodedSegment> DecodeAhead::Take(std::size_t thread, std::size_t segment) {
  Job& job = jobs_[first_job_[thread] + segment];
  std::unique_lock lock(mutex_);
  done_.wait(lock, [&] { return job.state != State::kRunning; });
  const State state = std::exchange(job.state, State::kTaken);
  if (state != State::kDone) return std::nullopt;
  return std::move(job.decoded);
}

void DecodeAhead::GiveBack(std::vector<model::Event> events) {
  {
    const std::lock_guard lock(mutex_);
    --ahead_;
    memory_.push_back(std::move(events));
  }
  room_.notify_one();
}

void DecodeAhead::Work() {
  Loader loader;
  std::unique_lock lock(mutex_);
  std::vector<model::Event> memory;
  while (Job* job = NextJob(lock, &memory)) {
    lock.unlock();
    bool is_decoded = true;
    try {
      Decode(job, &loader, std::move(memory));
    } catch (const std::bad_alloc&) {
      is_decoded = false;
    }
    lock.lock();
    job->state = is_decoded ? State::kDone : State::kWaiting;
    if (!is_decoded) --ahead_;
    done_.notify_one();
  }
}

// The next segment that nobody has begun; null at the end.
DecodeAhead::Job* DecodeAhead::NextJob(std::unique_lock<std::mutex>& lock,
                                       std::vector<model::Event>* memory) {
  for (;;) {
    room_.wait(lock, [&] { return stop_ || next_ == order_.size() || ahead_ < kAhead; });
    if (stop_ || next_ == order_.size()) return nullptr;
    Job& job = jobs_[order_[next_++]];
    if (job.state != State::kWaiting) continue;
    job.state = State::kRunning;
    ++ahead_;
    if (!memory_.empty()) {
      *memory = std::move(memory_.back());
      memory_.pop_back();
    }
    return &job;
  }
}

void DecodeAhead::Decode(Job* job, Loader* loader, std::vector<model::Event> memory) const {
  DecodedSegment& decoded = job->decoded;
  decoded.events = std::move(memory);
  SegmentBytes& bytes = loader->Of(job->thread);
  decoded.problem = bytes.Load(file_, *job->segment);
  if (decoded.problem != nullptr) {
    decoded.events.clear();
    return;
  }
  EventDecoder decoder;
  decoder.Start(bytes.bytes(), job->thread, job->segment->base_ticks, canonical_);
  std::size_t count = 0;
  while (!decoder.done()) {
    // The vector's old length is kept: filling new elements with zeros would cost as much as decoding.
    if (decoded.events.size() < count + kDecodeEvents) decoded.events.resize(count + kDecodeEvents);
    count += decoder.Decode(std::span(decoded.events).subspan(count, kDecodeEvents));
  }
  decoded.events.resize(count);
  decoded.error = decoder.error();
  decoded.unknown_nodes = decoder.unknown_nodes();
  decoded.raw_bytes = bytes.bytes().size();
}

}  // namespace memtrace::reader
