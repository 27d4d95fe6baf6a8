// SPDX-License-Identifier: MIT
// Splits log chunks into records; TraceFiller makes of them what they are.
#include "analyzer/reader/log_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "analyzer/reader/compressed_chunk.h"
#include "analyzer/reader/trace_filler.h"

namespace memtrace::reader {
namespace {

using format::LogType;

constexpr std::uint64_t kRecordsOffset = sizeof(format::ChunkHeader) + sizeof(format::LogHeader);

}  // namespace

LogReader::LogReader(const TraceFile& file, const std::vector<ChunkRef>& chunks, DamageLog* damage) {
  for (const ChunkRef& chunk : chunks) {
    if (chunk.kind == format::ChunkKind::kLog) AddChunk(file, chunk, damage);
    if (KindInside(file, chunk) == format::ChunkKind::kLog) AddCompressed(file, chunk, damage);
  }
}

void LogReader::AddChunk(const TraceFile& file, const ChunkRef& chunk, DamageLog* damage) {
  if (chunk.stored_bytes <= kRecordsOffset) return;
  std::vector<std::uint8_t> bytes(chunk.stored_bytes - kRecordsOffset);
  bytes.resize(file.ReadAt(chunk.offset + kRecordsOffset, bytes.data(), bytes.size()));
  AddRecords(std::move(bytes), {chunk.offset + kRecordsOffset, false, chunk.is_cut()}, damage);
}

void LogReader::AddCompressed(const TraceFile& file, const ChunkRef& chunk, DamageLog* damage) {
  std::vector<std::uint8_t> bytes;
  if (const char* problem = ReadCompressed(file, chunk, &bytes)) {
    damage->Add(chunk.offset, fmt::format("the log {}; it is lost", problem));
    return;
  }
  if (bytes.size() <= sizeof(format::LogHeader)) return;
  bytes.erase(bytes.begin(), bytes.begin() + sizeof(format::LogHeader));
  AddRecords(std::move(bytes), {chunk.offset, true, false}, damage);
}

void LogReader::AddRecords(std::vector<std::uint8_t> bytes, const Source& source, DamageLog* damage) {
  const std::span<const std::uint8_t> all(bytes);
  std::size_t at = 0;
  while (at + sizeof(format::LogRecord) <= all.size()) {
    format::LogRecord record{};
    std::memcpy(&record, all.data() + at, sizeof(record));
    if (record.size_bytes == 0) break;
    const std::uint64_t offset = source.offset + (source.is_packed ? 0 : at);
    const bool is_sound = record.size_bytes >= sizeof(record) && record.size_bytes % 8 == 0;
    if (!is_sound || record.size_bytes > all.size() - at) {
      if (!is_sound || !source.is_cut)
        damage->Add(offset, "a log record has an impossible size; the rest of its chunk is lost");
      break;
    }
    records_.push_back({offset, static_cast<LogType>(record.type), record.ticks,
                        all.subspan(at + sizeof(record), record.size_bytes - sizeof(record))});
    at += record.size_bytes;
  }
  chunks_.push_back(std::move(bytes));  // moves the buffer, not its bytes: the records stay valid
}

std::optional<ClockReading> LogReader::LatestReading() const {
  std::optional<ClockReading> latest;
  for (const Record& record : records_) {
    if (record.type != LogType::kCheckpoint) continue;
    LogPayload payload(record.payload);
    const auto checkpoint = payload.Struct<format::LogCheckpoint>();
    if (!payload.ok() || (latest && record.ticks <= latest->ticks)) continue;
    latest = ClockReading{record.ticks, checkpoint.monotonic_ns};
  }
  return latest;
}

std::uint64_t LogReader::LastTicks() const {
  std::uint64_t last = 0;
  for (const Record& record : records_) {
    if (record.type != LogType::kNote) last = std::max(last, record.ticks);
  }
  return last;
}

void LogReader::Fill(const TickClock& clock, std::uint32_t thread_limit, model::Trace* trace,
                     DamageLog* damage) const {
  TraceFiller filler(thread_limit, trace);
  for (const Record& record : records_) {
    if (!filler.Add(record.type, clock.Ns(record.ticks), LogPayload(record.payload))) {
      damage->Add(record.offset,
                  fmt::format("a log record of type {} is damaged", static_cast<std::uint32_t>(record.type)));
    }
  }
  filler.Finish();
}

}  // namespace memtrace::reader
