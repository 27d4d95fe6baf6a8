// SPDX-License-Identifier: MIT
// The content of a packed events chunk: a run of one thread's windows, their bytes in columns.
//
//     PackedEventsHeader │ PackedWindow × windows │ column: raw bytes, stored bytes, data │ column │ …
//
// or, where that is shorter, with references instead of addresses (address_references.h):
//
//     PackedEventsHeader │ PackedWindow × windows │ 0 │ bytes of each window in this form │ column │ …
//
// Each column is a zstd frame, or raw where that is no longer; the two sizes are LEB128.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "memtrace/trace_format.h"

namespace memtrace::reader {

// A window as the packer sees it: where it belongs, and its event bytes.
struct WindowEvents {
  std::uint64_t sequence = 0;
  std::uint64_t base_ticks = 0;
  std::span<const std::uint8_t> bytes;
};

// What stands behind the ChunkHeader; empty if the windows cannot be stored this way (their bytes are no
// whole events, or repeat themselves more often than a reader believes).
std::string EncodePackedEvents(std::uint32_t thread, std::span<const WindowEvents> windows);

// Null if the header and table make sense for a chunk with `body_bytes` behind its ChunkHeader.
const char* WhatIsWrongWith(const format::PackedEventsHeader& header, std::uint64_t body_bytes);

// Decodes a body whose header and table were judged sound. Null on success; `raw` then holds the windows'
// bytes one after the other, and `padding` more.
const char* DecodePackedEvents(std::span<const std::uint8_t> body, std::size_t padding,
                               std::vector<std::uint8_t>* raw);

}  // namespace memtrace::reader
