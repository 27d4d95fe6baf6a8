// SPDX-License-Identifier: MIT
#include "analyzer/reader/memory_ranges.h"

#include <utility>

namespace memtrace::reader {
namespace {

constexpr std::uint64_t kMaxStepBytes = 1 << 30;  // from one size of blocks to the next
constexpr std::uint64_t kMaxPages = 1ULL << 52;   // pages of the whole address space

format::ServingAllocator AllocatorOf(std::uint32_t number) {
  return number <= static_cast<std::uint32_t>(format::ServingAllocator::kMimalloc)
             ? static_cast<format::ServingAllocator>(number)
             : format::ServingAllocator::kOther;
}

// Runs that do not add up to more than the range.
bool TakeRuns(std::uint64_t pages, LogPayload* body, model::MemoryRange* range) {
  const std::uint64_t count = body->Varint();
  if (!body->ok() || count > body->size()) return false;  // each run takes a byte at least
  range->runs.reserve(count);
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t run = body->Varint();
    if (!body->ok() || run > pages - sum) return false;
    sum += run;
    range->runs.push_back(run);
  }
  return true;
}

bool TakeRange(LogPayload* body, std::uint64_t* page, model::MemoryRange* range) {
  const std::uint64_t gap = body->Varint();
  const std::uint64_t pages = body->Varint();
  const std::uint64_t kind = body->Varint();
  const std::uint64_t resident = body->Varint();
  const std::uint64_t copies = body->Varint();
  if (!body->ok() || gap > kMaxPages - *page || pages > kMaxPages - *page - gap) return false;
  if (resident > pages || copies > resident) return false;
  range->start = (*page + gap) * format::kPageBytes;
  range->end = range->start + pages * format::kPageBytes;
  range->kind = static_cast<format::MemoryKind>(kind);
  range->resident_bytes = resident * format::kPageBytes;
  range->private_bytes = copies * format::kPageBytes;
  if (!TakeRuns(pages, body, range)) return false;
  range->name = body->Text(body->Varint());
  *page += gap + pages;
  return body->ok();
}

}  // namespace

format::CheckpointReason ReasonOf(std::uint32_t number) {
  return number <= static_cast<std::uint32_t>(format::CheckpointReason::kHigh)
             ? static_cast<format::CheckpointReason>(number)
             : format::CheckpointReason::kPeriodic;
}

model::MemoryReading MakeMemoryReading(const format::LogMemory& log, std::uint64_t time_ns) {
  model::MemoryReading reading;
  reading.time_ns = time_ns;
  reading.thread = log.thread;
  reading.reason = ReasonOf(log.reason);
  reading.allocator = AllocatorOf(log.allocator);
  reading.knows_files = (log.flags & format::kMemoryNoFiles) == 0;
  reading.is_forked = (log.flags & format::kMemoryIsForked) != 0;
  reading.jemalloc_allocated = log.jemalloc_allocated_bytes;
  reading.jemalloc_active = log.jemalloc_active_bytes;
  reading.jemalloc_metadata = log.jemalloc_metadata_bytes;
  reading.jemalloc_resident = log.jemalloc_resident_bytes;
  reading.jemalloc_retained = log.jemalloc_retained_bytes;
  return reading;
}

bool AddMemoryRanges(LogPayload* body, std::uint64_t* page, model::MemoryReading* reading) {
  while (body->size() > 0) {
    model::MemoryRange range;
    std::uint64_t behind = *page;
    if (!TakeRange(body, &behind, &range)) return false;
    if (range.kind != format::MemoryKind::kSmallFiles) *page = behind;
    if (range.kind <= format::MemoryKind::kSmallFiles) reading->ranges.push_back(std::move(range));
  }
  return true;
}

std::optional<model::BlockSizes> TakeBlockSizes(LogPayload* payload) {
  const auto log = payload->Struct<format::LogBlockSizes>();
  model::BlockSizes sizes;
  sizes.allocator = AllocatorOf(log.allocator);
  sizes.step_bytes = log.step_bytes;
  if (!payload->ok() || log.step_bytes == 0 || log.step_bytes > kMaxStepBytes || log.count > payload->size())
    return std::nullopt;
  sizes.bytes.reserve(log.count);
  std::uint64_t size = 0;
  for (std::uint32_t i = 0; i < log.count; ++i) {
    const std::uint64_t more = payload->Varint();
    if (!payload->ok() || more == 0 || more > kMaxStepBytes) return std::nullopt;
    sizes.bytes.push_back(size += more);
  }
  return sizes;
}

}  // namespace memtrace::reader
