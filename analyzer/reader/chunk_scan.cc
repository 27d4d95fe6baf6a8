// SPDX-License-Identifier: MIT
// The walk itself; costs one small read a chunk as long as nothing is broken.
#include "analyzer/reader/chunk_scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>

namespace memtrace::reader {
namespace {

constexpr std::size_t kFirstScanBytes = 4096;
constexpr std::size_t kScanBytes = 256 * 1024;
constexpr std::uint64_t kLargestChunk = 1ULL << 62;  // keeps offset + size from overflowing

constexpr std::uint64_t AlignUp(std::uint64_t offset) {
  return (offset + format::kChunkAlignBytes - 1) / format::kChunkAlignBytes * format::kChunkAlignBytes;
}

constexpr std::uint64_t AlignDown(std::uint64_t offset) {
  return offset / format::kChunkAlignBytes * format::kChunkAlignBytes;
}

class Scanner {
 public:
  Scanner(const TraceFile& file, std::uint64_t trace_id) : file_(file), trace_id_(trace_id) {}

  std::optional<ChunkRef> Judge(const format::ChunkHeader& header, std::uint64_t offset) const {
    if (header.magic != format::kChunkMagic) return std::nullopt;
    const auto kind = static_cast<format::ChunkKind>(header.kind);
    if (header.check != format::ChunkCheck(trace_id_, offset, kind, header.size_bytes)) return std::nullopt;
    if (header.size_bytes < sizeof(header) || header.size_bytes > kLargestChunk) return std::nullopt;
    return ChunkRef{kind, offset, header.size_bytes, std::min(header.size_bytes, file_.size() - offset)};
  }

  std::optional<ChunkRef> At(std::uint64_t offset) const {
    format::ChunkHeader header{};
    if (!file_.ReadStruct(offset, &header)) return std::nullopt;
    return Judge(header, offset);
  }

  // The offset of the next good header at or after `offset`, or the file's size.
  std::uint64_t FindHeader(std::uint64_t offset) const {
    std::vector<char> block(kFirstScanBytes);
    while ((offset = AlignDown(file_.SkipHole(offset))) < file_.size()) {
      const std::size_t got = file_.ReadAt(offset, block.data(), block.size());
      for (std::size_t at = 0; at + sizeof(format::ChunkHeader) <= got; at += format::kChunkAlignBytes) {
        format::ChunkHeader header;
        std::memcpy(&header, block.data() + at, sizeof(header));
        if (Judge(header, offset + at)) return offset + at;
      }
      if (got < block.size()) break;
      offset += got;
      block.resize(kScanBytes);
    }
    return file_.size();
  }

 private:
  const TraceFile& file_;
  const std::uint64_t trace_id_;
};

}  // namespace

std::vector<ChunkRef> ScanChunks(const TraceFile& file, std::uint64_t trace_id, Unfinished unfinished,
                                 DamageLog* damage) {
  const Scanner scanner(file, trace_id);
  std::vector<ChunkRef> chunks;
  std::uint64_t offset = format::kFileHeaderBytes;
  while (offset < file.size()) {
    if (const auto chunk = scanner.At(offset)) {
      chunks.push_back(*chunk);
      offset = AlignUp(chunk->offset + chunk->size_bytes);
      continue;
    }
    const std::uint64_t next_byte = file.SkipZeros(offset);
    if (next_byte >= offset + format::kChunkAlignBytes) {
      offset = next_byte == file.size() ? next_byte : AlignDown(next_byte);
      continue;
    }
    if (next_byte == file.size()) break;
    const std::uint64_t next_header = scanner.FindHeader(offset + format::kChunkAlignBytes);
    const bool magic_is_zero = next_byte >= offset + sizeof(format::ChunkHeader::magic);
    if (damage != nullptr && !(magic_is_zero && unfinished == Unfinished::kExpected)) {
      damage->Add(offset, fmt::format("{} bytes are not part of this trace or overwritten; skipped",
                                      next_header - offset));
    }
    offset = next_header;
  }
  return chunks;
}

}  // namespace memtrace::reader
