// SPDX-License-Identifier: MIT
// ThreadCursor: segments loaded in turn, decoded in batches small enough to stay in the cache.
#include "analyzer/reader/thread_cursor.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace memtrace::reader {
namespace {

constexpr std::size_t kBatchEvents = 512;  // 24 KiB

}  // namespace

bool ThreadCursor::Fill() {
  if (has_head()) return true;
  GiveBatchBack();
  batch_.clear();
  at_ = 0;
  return Extend();
}

model::Event* ThreadCursor::FindNext(std::uint64_t address, std::uint64_t limit_ticks) {
  std::size_t from = at_;
  for (;;) {
    for (; from < batch_.size(); ++from) {
      model::Event& event = batch_[from];
      if (event.ticks > limit_ticks) return nullptr;
      if (event.address == address && (event.type == model::EventType::kAlloc || IsRelease(event)))
        return &event;
    }
    if (batch_.size() - at_ >= kMaxLookAhead || (!has_head() && next_ticks_ > limit_ticks)) return nullptr;
    if (!Extend()) return nullptr;
  }
}

bool ThreadCursor::Extend() {
  const std::size_t first = batch_.size();
  while (batch_.size() == first) {
    if (!is_loaded_) {
      if (segment_ >= thread_->segments.size()) return false;
      if (TakeDecoded()) continue;
      if (!LoadSegment()) continue;
    }
    batch_.resize(first + kBatchEvents);
    batch_.resize(first + decoder_.Decode(std::span(batch_).subspan(first)));
    Tidy(first);
    if (is_loaded_ && decoder_.done()) {
      is_loaded_ = false;
      FinishSegment(decoder_.error(), decoder_.unknown_nodes(), bytes_.bytes().size());
    }
  }
  return true;
}

bool ThreadCursor::TakeDecoded() {
  if (context_->ahead == nullptr) return false;
  std::optional<DecodedSegment> decoded = context_->ahead->Take(index_, segment_);
  if (!decoded) return false;
  const std::size_t first = batch_.size();
  if (first == 0) {
    batch_.swap(decoded->events);
    is_borrowed_ = true;
  } else {
    // Somebody looks beyond this batch. It happens where clocks are at odds, not often.
    batch_.insert(batch_.end(), decoded->events.begin(), decoded->events.end());
    context_->ahead->GiveBack(std::move(decoded->events));
  }
  if (decoded->problem != nullptr) {
    TellLoss(thread_->segments[segment_++], decoded->problem);
  } else {
    FinishSegment(decoded->error, decoded->unknown_nodes, decoded->raw_bytes);
  }
  Tidy(first);
  // A segment without a single event gives its memory back at once.
  if (batch_.empty()) GiveBatchBack();
  return true;
}

void ThreadCursor::GiveBatchBack() {
  if (!std::exchange(is_borrowed_, false)) return;
  context_->ahead->GiveBack(std::move(batch_));
  batch_ = {};
}

// False if it cannot be loaded; the next one is then to be tried.
bool ThreadCursor::LoadSegment() {
  const Segment& segment = thread_->segments[segment_];
  if (const char* problem = bytes_.Load(*context_->file, segment)) {
    TellLoss(segment, problem);
    ++segment_;
    return false;
  }
  decoder_.Start(bytes_.bytes(), thread_->thread, segment.base_ticks, context_->canonical);
  is_loaded_ = true;
  return true;
}

void ThreadCursor::TellLoss(const Segment& segment, const char* problem) const {
  context_->damage->AddOnce(segment.offset, fmt::format("an event chunk of thread {} {}; its events are lost",
                                                        thread_->thread, problem));
}

void ThreadCursor::FinishSegment(const std::optional<DecodeError>& error, std::uint64_t unknown_nodes,
                                 std::size_t raw_bytes) {
  const Segment& segment = thread_->segments[segment_];
  if (error) {
    context_->damage->AddOnce(segment.offset,
                              fmt::format("events of thread {} cannot be read from byte {} of {} on: {}",
                                          thread_->thread, error->offset, raw_bytes, error->what));
  }
  if (unknown_nodes > 0) {
    context_->damage->AddOnce(segment.offset,
                              fmt::format("{} events of thread {} name call sites that are not in the file",
                                          unknown_nodes, thread_->thread));
  }
  done_bytes_ += segment.window != nullptr ? segment.raw_bytes : segment.stored_bytes;
  ++segment_;
  if (segment_ < thread_->segments.size()) {
    next_ticks_ = std::max(last_ticks_, thread_->segments[segment_].base_ticks);
  } else {
    bytes_.Release();
  }
}

void ThreadCursor::Tidy(std::size_t first) {
  if (first == batch_.size()) return;
  // Within a segment time only goes forward; and only a window that says it began before its predecessor
  // ended can need more than a look at both ends.
  if (batch_[first].ticks >= last_ticks_ && batch_.back().ticks <= context_->limit_ticks) {
    last_ticks_ = batch_.back().ticks;
    return;
  }
  for (std::size_t i = first; i < batch_.size(); ++i) {
    last_ticks_ = batch_[i].ticks = std::max(last_ticks_, batch_[i].ticks);
    if (last_ticks_ <= context_->limit_ticks) continue;
    batch_.resize(i);
    segment_ = thread_->segments.size();
    is_loaded_ = false;
    return;
  }
}

}  // namespace memtrace::reader
