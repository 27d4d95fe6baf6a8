// SPDX-License-Identifier: MIT
// Loads one segment's event bytes: from the file, checked and decompressed, or from its window copy.
#pragma once

#include <span>
#include <vector>

#include "analyzer/reader/segments.h"

namespace memtrace::reader {

// Holds the bytes of the segment loaded last, with the padding that EventDecoder asks for. Reuses its
// buffers.
class SegmentBytes {
 public:
  // Null on success, else what is wrong with the chunk.
  const char* Load(const TraceFile& file, const Segment& segment);

  std::span<const std::uint8_t> bytes() const { return bytes_; }

  // Gives the memory back until the next Load.
  void Release();

 private:
  const char* Decompress(const Segment& segment);
  const char* LoadPacked(const TraceFile& file, const Segment& segment);

  std::vector<std::uint8_t> stored_;
  std::vector<std::uint8_t> raw_;
  std::vector<std::uint8_t> packed_;  // all windows of the packed chunk at packed_at_
  std::uint64_t packed_at_ = 0;
  std::span<const std::uint8_t> bytes_;
};

// True if the segment's bytes in the file are whole and unchanged.
bool ChecksumHolds(const TraceFile& file, const Segment& segment);

}  // namespace memtrace::reader
