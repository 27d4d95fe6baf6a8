// SPDX-License-Identifier: MIT
// The log chunks: modules, threads, marks, checkpoints, notes and the end, as records of their own size.
//
//     chunk  │ ChunkHeader │ LogHeader │ record │ record │ ... │ 0   a size of 0 ends the list (a record that
//     a
//                                                                   killed thread never finished hides the
//                                                                   rest)
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "analyzer/model/trace.h"
#include "analyzer/reader/chunk_scan.h"
#include "analyzer/reader/tick_clock.h"

namespace memtrace::reader {

// All log records of a trace, held in memory, in file order. Filling in the model is a second step because it
// needs the clock, which needs the checkpoints.
class LogReader {
 public:
  LogReader(const TraceFile& file, const std::vector<ChunkRef>& chunks, DamageLog* damage);

  // The latest pair of clock readings in a checkpoint.
  std::optional<ClockReading> LatestReading() const;
  // The time of the last record that tells of the program (not of a mere note).
  std::uint64_t LastTicks() const;

  // Adds modules, threads (ordinals below thread_limit), marks, checkpoints, notes and the end.
  void Fill(const TickClock& clock, std::uint32_t thread_limit, model::Trace* trace, DamageLog* damage) const;

 private:
  struct Record {
    std::uint64_t offset;  // in the file
    format::LogType type;
    std::uint64_t ticks;
    std::span<const std::uint8_t> payload;
  };

  // Where records come from, for damage reports.
  struct Source {
    std::uint64_t offset;  // in the file: of the first record, or of the chunk that all of them are packed in
    bool is_packed;
    bool is_cut;  // of a record that goes beyond the end nothing is said
  };

  void AddChunk(const TraceFile& file, const ChunkRef& chunk, DamageLog* damage);
  void AddCompressed(const TraceFile& file, const ChunkRef& chunk, DamageLog* damage);
  void AddRecords(std::vector<std::uint8_t> bytes, const Source& source, DamageLog* damage);

  std::vector<std::vector<std::uint8_t>> chunks_;  // owns what the records point into
  std::vector<Record> records_;
};

}  // namespace memtrace::reader
