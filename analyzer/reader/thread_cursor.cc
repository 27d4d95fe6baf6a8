// SPDX-License-Identifier: MIT
// ThreadCursor: segments loaded in turn, decoded in batches small enough to stay in the cache.
#include "analyzer/reader/thread_cursor.h"

#include <fmt/format.h>

#include <algorithm>

namespace memtrace::reader {
namespace {

constexpr std::size_t kBatchEvents = 512;  // 24 KiB

}  // namespace

bool ThreadCursor::Fill() {
  if (has_head()) return true;
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
    if (!is_loaded_ && !LoadSegment()) return false;
    batch_.resize(first + kBatchEvents);
    batch_.resize(first + decoder_.Decode(std::span(batch_).subspan(first)));
    Tidy(first);
    if (is_loaded_ && decoder_.done()) FinishSegment();
  }
  return true;
}

bool ThreadCursor::LoadSegment() {
  for (; segment_ < thread_->segments.size(); ++segment_) {
    const Segment& segment = thread_->segments[segment_];
    const char* problem = bytes_.Load(*context_->file, segment);
    if (problem == nullptr) {
      decoder_.Start(bytes_.bytes(), thread_->thread, segment.base_ticks, context_->canonical);
      is_loaded_ = true;
      return true;
    }
    context_->damage->AddOnce(
        segment.offset,
        fmt::format("an event chunk of thread {} {}; its events are lost", thread_->thread, problem));
  }
  return false;
}

void ThreadCursor::FinishSegment() {
  const Segment& segment = thread_->segments[segment_];
  if (const auto& error = decoder_.error()) {
    context_->damage->AddOnce(
        segment.offset, fmt::format("events of thread {} cannot be read from byte {} of {} on: {}",
                                    thread_->thread, error->offset, bytes_.bytes().size(), error->what));
  }
  if (decoder_.unknown_nodes() > 0) {
    context_->damage->AddOnce(segment.offset,
                              fmt::format("{} events of thread {} name call sites that are not in the file",
                                          decoder_.unknown_nodes(), thread_->thread));
  }
  done_bytes_ += segment.window != nullptr ? segment.raw_bytes : segment.stored_bytes;
  is_loaded_ = false;
  ++segment_;
  if (segment_ < thread_->segments.size()) {
    next_ticks_ = std::max(last_ticks_, thread_->segments[segment_].base_ticks);
  } else {
    bytes_.Release();
  }
}

void ThreadCursor::Tidy(std::size_t first) {
  for (std::size_t i = first; i < batch_.size(); ++i) {
    // Only a window that says it began before its predecessor ended can need this.
    last_ticks_ = batch_[i].ticks = std::max(last_ticks_, batch_[i].ticks);
    if (last_ticks_ <= context_->limit_ticks) continue;
    batch_.resize(i);
    segment_ = thread_->segments.size();
    is_loaded_ = false;
    return;
  }
}

}  // namespace memtrace::reader
