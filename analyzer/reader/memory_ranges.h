// SPDX-License-Identifier: MIT
// Readings of process memory out of log records (format::LogMemory).
#pragma once

#include <cstdint>
#include <optional>

#include "analyzer/model/trace.h"
#include "analyzer/reader/log_payload.h"

namespace memtrace::reader {

// Reasons of later versions count as periodic.
format::CheckpointReason ReasonOf(std::uint32_t number);

// Everything but the ranges.
model::MemoryReading MakeMemoryReading(const format::LogMemory& log, std::uint64_t time_ns);

// Appends the ranges of a record's body, to its end; kinds of later versions are left out. `page`: where the
// record before ended, 0 for the first, moved on. False if they are damaged: cut off, beyond the address
// space, or with more resident than there is room for.
bool AddMemoryRanges(LogPayload* body, std::uint64_t* page, model::MemoryReading* reading);

// What an allocator told about the sizes of its blocks. Nothing if it is damaged: cut off, or not rising.
std::optional<model::BlockSizes> TakeBlockSizes(LogPayload* payload);

}  // namespace memtrace::reader
