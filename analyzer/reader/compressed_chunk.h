// SPDX-License-Identifier: MIT
// Log and nodes chunks as `memtrace pack` stores them: compressed, the nodes' fields apart.
//
//     nodes      NodesHeader │ key parent extra │ key parent extra │ …      16 bytes a node
//     columns    NodesHeader │ key key … │ id-parent id-parent … │ extra …  then zstd: callers are near, and
//     what
//                                                                           one thread captured comes in runs
//     log        LogHeader │ record │ record │ …                            zstd as it is
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/reader/chunk_scan.h"

namespace memtrace::reader {

// `content` is what follows the ChunkHeader of a chunk of `kind`, kLog or kNodes (whole nodes only); the
// result is what follows that of the kCompressed chunk that stands for it.
std::string CompressContent(format::ChunkKind kind, std::string_view content);

// The other way. Null, or what is wrong with the bytes; then *content is empty. Nothing is allocated that is
// more than kMaxCompressedRatio times as long as `bytes`.
const char* DecompressContent(std::span<const std::uint8_t> bytes, std::vector<std::uint8_t>* content);

// Which kind of chunk a kCompressed one stands for; nothing for other chunks.
std::optional<format::ChunkKind> KindInside(const TraceFile& file, const ChunkRef& chunk);

// DecompressContent of a chunk of the file.
const char* ReadCompressed(const TraceFile& file, const ChunkRef& chunk, std::vector<std::uint8_t>* content);

}  // namespace memtrace::reader
