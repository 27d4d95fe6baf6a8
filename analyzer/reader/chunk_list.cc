// SPDX-License-Identifier: MIT
// Headers only: no events are read here.
#include "analyzer/reader/chunk_list.h"

#include "analyzer/model/trace.h"
#include "analyzer/reader/chunk_scan.h"
#include "analyzer/reader/file_header.h"
#include "analyzer/reader/trace_file.h"

namespace memtrace::reader {
namespace {

void AddWindow(const TraceFile& file, ListedChunk* chunk) {
  format::WindowHeader header;
  if (!file.ReadStruct(chunk->offset + sizeof(format::ChunkHeader), &header)) return;
  chunk->thread = header.thread;
  chunk->sequence = header.sequence;
  chunk->base_ticks = header.base_ticks;
  chunk->raw_event_bytes = header.used_bytes;
  chunk->stored_event_bytes = header.used_bytes;
  chunk->is_in_use = header.in_use != 0;
}

void AddEvents(const TraceFile& file, ListedChunk* chunk) {
  format::EventsHeader header;
  if (!file.ReadStruct(chunk->offset + sizeof(format::ChunkHeader), &header)) return;
  chunk->thread = header.thread;
  chunk->sequence = header.sequence;
  chunk->base_ticks = header.base_ticks;
  chunk->raw_event_bytes = header.raw_bytes;
  chunk->stored_event_bytes = header.stored_bytes;
  chunk->codec = static_cast<format::Codec>(header.codec);
}

void AddCompressed(const TraceFile& file, ListedChunk* chunk) {
  format::CompressedHeader header;
  if (!file.ReadStruct(chunk->offset + sizeof(format::ChunkHeader), &header)) return;
  chunk->kind_inside = static_cast<format::ChunkKind>(header.kind);
  chunk->raw_bytes = header.raw_bytes;
}

}  // namespace

Result<std::vector<ListedChunk>> ListChunks(const std::string& path) {
  auto file = TraceFile::Open(path);
  if (!file) return file.error();
  const auto header = ReadFileHeader(*file);
  if (!header) return header.error();
  std::vector<model::Damage> ignored;
  DamageLog damage(&ignored);
  std::vector<ListedChunk> chunks;
  for (const ChunkRef& found : ScanChunks(*file, header->trace_id, Unfinished::kExpected, &damage)) {
    ListedChunk chunk;
    chunk.kind = found.kind;
    chunk.offset = found.offset;
    chunk.size_bytes = found.size_bytes;
    chunk.stored_bytes = found.stored_bytes;
    if (found.kind == format::ChunkKind::kWindow) AddWindow(*file, &chunk);
    if (found.kind == format::ChunkKind::kEvents) AddEvents(*file, &chunk);
    if (found.kind == format::ChunkKind::kCompressed) AddCompressed(*file, &chunk);
    chunks.push_back(chunk);
  }
  return chunks;
}

}  // namespace memtrace::reader
