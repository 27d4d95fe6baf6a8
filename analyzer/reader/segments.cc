// SPDX-License-Identifier: MIT
// Gathers candidates from chunks and windows, keeps the best of each (thread, sequence), counts the gaps.
#include "analyzer/reader/segments.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <span>
#include <tuple>

#include "analyzer/reader/packed_events.h"
#include "analyzer/reader/segment_bytes.h"

namespace memtrace::reader {
namespace {

// A compressor that makes things larger than this is no compressor.
constexpr std::uint64_t kMaxStoredBytes = 2 * format::kWindowDataBytes;

struct Candidate {
  std::uint32_t thread = 0;
  Segment segment;
};

// Null: fine. Lengths are judged here, so that nobody later allocates by a length that was made up.
const char* WhatIsWrong(const format::EventsHeader& header, const ChunkRef& chunk,
                        const SegmentRules& rules) {
  const std::uint64_t room = chunk.size_bytes - sizeof(format::ChunkHeader) - sizeof(format::EventsHeader);
  if (header.thread >= rules.thread_limit) return "names an impossible thread";
  if (header.raw_bytes == 0 || header.raw_bytes > format::kWindowDataBytes) return "has an impossible size";
  if (header.stored_bytes > room || header.stored_bytes > kMaxStoredBytes)
    return "has an impossible stored size";
  if (header.codec == static_cast<std::uint32_t>(format::Codec::kZstd)) return nullptr;
  if (header.codec != static_cast<std::uint32_t>(format::Codec::kRaw))
    return "is compressed in an unknown way";
  return header.stored_bytes == header.raw_bytes ? nullptr : "has two different sizes";
}

std::optional<Candidate> FromChunk(const TraceFile& file, const ChunkRef& chunk, const SegmentRules& rules,
                                   DamageLog* damage) {
  format::EventsHeader header{};
  if (chunk.size_bytes < sizeof(format::ChunkHeader) + sizeof(header) ||
      !file.ReadStruct(chunk.offset + sizeof(format::ChunkHeader), &header)) {
    if (!chunk.is_cut()) damage->Add(chunk.offset, "an event chunk is too small for its header");
    return std::nullopt;
  }
  if (const char* problem = WhatIsWrong(header, chunk, rules)) {
    // A recorder killed inside the write leaves a chunk like this; its window still has the events.
    if (rules.unfinished == Unfinished::kDamage) {
      damage->Add(chunk.offset, fmt::format("an event chunk {}; skipped", problem));
    }
    return std::nullopt;
  }
  return Candidate{header.thread, Segment{.sequence = header.sequence,
                                          .base_ticks = header.base_ticks,
                                          .offset = chunk.offset,
                                          .checksum = header.checksum,
                                          .stored_bytes = static_cast<std::uint32_t>(header.stored_bytes),
                                          .raw_bytes = static_cast<std::uint32_t>(header.raw_bytes),
                                          .codec = static_cast<format::Codec>(header.codec)}};
}

void AddPacked(const TraceFile& file, const ChunkRef& chunk, const SegmentRules& rules, DamageLog* damage,
               std::vector<Candidate>* candidates) {
  format::PackedEventsHeader header{};
  constexpr std::uint64_t kBody = sizeof(format::ChunkHeader);
  const char* problem = "is too small for its header";
  if (chunk.size_bytes >= kBody + sizeof(header) && file.ReadStruct(chunk.offset + kBody, &header)) {
    problem = header.thread >= rules.thread_limit ? "names an impossible thread"
                                                  : WhatIsWrongWith(header, chunk.size_bytes - kBody);
  }
  std::uint64_t raw_bytes = 0;
  for (std::uint32_t i = 0; problem == nullptr && i < header.windows; ++i) {
    format::PackedWindow window{};
    const std::uint64_t at = chunk.offset + kBody + sizeof(header) + i * sizeof(window);
    if (!file.ReadStruct(at, &window) || window.raw_bytes == 0 ||
        window.raw_bytes > format::kWindowDataBytes || raw_bytes + window.raw_bytes > header.raw_bytes) {
      problem = "has an impossible window";
      break;
    }
    candidates->push_back({header.thread, Segment{.sequence = window.sequence,
                                                  .base_ticks = window.base_ticks,
                                                  .offset = chunk.offset,
                                                  .checksum = header.checksum,
                                                  .stored_bytes = static_cast<std::uint32_t>(
                                                      header.stored_bytes / header.windows),
                                                  .raw_bytes = static_cast<std::uint32_t>(window.raw_bytes),
                                                  .is_packed = true,
                                                  .packed_offset = static_cast<std::uint32_t>(raw_bytes)}});
    raw_bytes += window.raw_bytes;
  }
  if (problem != nullptr && !chunk.is_cut())
    damage->Add(chunk.offset, fmt::format("a packed event chunk {}; skipped", problem));
}

std::vector<Candidate> GatherCandidates(const TraceFile& file, const std::vector<ChunkRef>& chunks,
                                        const std::vector<WindowCopy>& windows, const SegmentRules& rules,
                                        DamageLog* damage) {
  std::vector<Candidate> candidates;
  for (const ChunkRef& chunk : chunks) {
    if (chunk.kind == format::ChunkKind::kPackedEvents) AddPacked(file, chunk, rules, damage, &candidates);
    if (chunk.kind != format::ChunkKind::kEvents) continue;
    if (auto candidate = FromChunk(file, chunk, rules, damage)) candidates.push_back(*candidate);
  }
  for (const WindowCopy& window : windows) {
    if (window.thread >= rules.thread_limit) {
      damage->Add(window.offset, "a window names an impossible thread; skipped");
      continue;
    }
    candidates.push_back({window.thread, Segment{.sequence = window.sequence,
                                                 .base_ticks = window.base_ticks,
                                                 .offset = window.offset,
                                                 .raw_bytes = static_cast<std::uint32_t>(window.data_bytes),
                                                 .window = &window}});
  }
  return candidates;
}

// Of several sources for one window: the first chunk whose checksum holds, else the longest copy, else a
// chunk that will be reported as broken when it is read. Chunks stand before copies.
const Segment& Best(const TraceFile& file, std::span<const Candidate> same) {
  if (same.size() == 1) return same.front().segment;
  const Segment* best_copy = nullptr;
  for (const Candidate& candidate : same) {
    const Segment& segment = candidate.segment;
    if (segment.window == nullptr && ChecksumHolds(file, segment)) return segment;
    if (segment.window != nullptr && (best_copy == nullptr || segment.raw_bytes > best_copy->raw_bytes)) {
      best_copy = &segment;
    }
  }
  return best_copy != nullptr ? *best_copy : same.front().segment;
}

std::uint64_t ReportGaps(const ThreadSegments& thread, DamageLog* damage) {
  std::uint64_t expected = 0;
  std::uint64_t missing = 0;
  for (const Segment& segment : thread.segments) {
    if (segment.sequence > expected) {
      const std::uint64_t gap = segment.sequence - expected;
      damage->Add(segment.offset,
                  fmt::format("{} event window{} of thread {} {} missing before this one", gap,
                              gap == 1 ? "" : "s", thread.thread, gap == 1 ? "is" : "are"));
      missing += gap;
    }
    expected = segment.sequence + 1;
  }
  return missing;
}

}  // namespace

SegmentSet CollectSegments(const TraceFile& file, const std::vector<ChunkRef>& chunks,
                           const std::vector<WindowCopy>& windows, const SegmentRules& rules,
                           DamageLog* damage) {
  std::vector<Candidate> candidates = GatherCandidates(file, chunks, windows, rules, damage);
  std::erase_if(candidates, [&](const Candidate& c) { return c.segment.base_ticks > rules.limit_ticks; });
  const auto key = [](const Candidate& c) { return std::tuple(c.thread, c.segment.sequence); };
  std::stable_sort(candidates.begin(), candidates.end(),
                   [&](const Candidate& a, const Candidate& b) { return key(a) < key(b); });
  SegmentSet set;
  for (auto it = candidates.begin(); it != candidates.end();) {
    const auto next =
        std::find_if(it, candidates.end(), [&](const Candidate& c) { return key(c) != key(*it); });
    if (set.threads.empty() || set.threads.back().thread != it->thread)
      set.threads.push_back({it->thread, {}});
    set.threads.back().segments.push_back(Best(file, std::span(it, next)));
    it = next;
  }
  for (const ThreadSegments& thread : set.threads) set.missing_windows += ReportGaps(thread, damage);
  return set;
}

}  // namespace memtrace::reader
