// SPDX-License-Identifier: MIT
// The chunks of a trace file as they lie there, for people who debug a trace.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/util/result.h"
#include "memtrace/trace_format.h"

namespace memtrace::reader {

struct ListedChunk {
  format::ChunkKind kind{};
  std::uint64_t offset = 0;        // in the file
  std::uint64_t size_bytes = 0;    // as its header says, that included
  std::uint64_t stored_bytes = 0;  // of them in the file
  // Of windows and event chunks; as the file has them, so they may be nonsense.
  std::optional<std::uint32_t> thread;
  std::uint64_t sequence = 0;
  std::uint64_t base_ticks = 0;
  std::uint64_t raw_event_bytes = 0;
  std::uint64_t stored_event_bytes = 0;
  std::optional<format::Codec> codec;  // of event chunks
  bool is_in_use = false;              // of windows
  // Of compressed ones: the kind that they stand for and its size; 0: of no known kind.
  format::ChunkKind kind_inside{};
  std::uint64_t raw_bytes = 0;
};

// By offset. kUnreadable error if the file cannot be read or is no trace; damaged places are left out.
Result<std::vector<ListedChunk>> ListChunks(const std::string& path);

}  // namespace memtrace::reader
