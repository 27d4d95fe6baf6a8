// SPDX-License-Identifier: MIT
// pread, XXH3, zstd. Sizes were bounded when the segment was collected: a window's worth, never more.
#include "analyzer/reader/segment_bytes.h"

#define XXH_INLINE_ALL
#include <xxhash.h>
#include <zstd.h>

#include "analyzer/reader/event_decoder.h"
#include "analyzer/reader/packed_events.h"

namespace memtrace::reader {
namespace {

constexpr std::uint64_t kDataOffset = sizeof(format::ChunkHeader) + sizeof(format::EventsHeader);

const char* ReadStored(const TraceFile& file, const Segment& segment, std::vector<std::uint8_t>* stored) {
  stored->resize(segment.stored_bytes + EventDecoder::kPaddingBytes);
  if (file.ReadAt(segment.offset + kDataOffset, stored->data(), segment.stored_bytes) !=
      segment.stored_bytes) {
    return "is cut off";
  }
  if (XXH3_64bits(stored->data(), segment.stored_bytes) != segment.checksum) return "has a wrong checksum";
  return nullptr;
}

// One a thread of ours, for ever: a context is 150 KB that need not be made anew for each window.
ZSTD_DCtx* ThreadContext() {
  struct Owner {
    ZSTD_DCtx* context = ZSTD_createDCtx();
    ~Owner() { ZSTD_freeDCtx(context); }
  };
  thread_local Owner owner;
  return owner.context;
}

}  // namespace

const char* SegmentBytes::Load(const TraceFile& file, const Segment& segment) {
  bytes_ = {};
  if (segment.window != nullptr) {
    bytes_ = std::span(segment.window->data).first(segment.window->data_bytes);
    return nullptr;
  }
  if (segment.is_packed) return LoadPacked(file, segment);
  if (const char* problem = ReadStored(file, segment, &stored_)) return problem;
  if (segment.codec == format::Codec::kZstd) return Decompress(segment);
  bytes_ = std::span(stored_).first(segment.stored_bytes);
  return nullptr;
}

const char* SegmentBytes::Decompress(const Segment& segment) {
  raw_.resize(segment.raw_bytes + EventDecoder::kPaddingBytes);
  ZSTD_DCtx* context = ThreadContext();
  if (context == nullptr) return "could not be decompressed for lack of memory";
  const std::size_t got =
      ZSTD_decompressDCtx(context, raw_.data(), segment.raw_bytes, stored_.data(), segment.stored_bytes);
  if (ZSTD_isError(got) != 0 || got != segment.raw_bytes) return "does not decompress";
  bytes_ = std::span(raw_).first(segment.raw_bytes);
  return nullptr;
}

// The windows of a packed chunk come in turn: it is decoded once for all of them.
const char* SegmentBytes::LoadPacked(const TraceFile& file, const Segment& segment) {
  if (packed_at_ != segment.offset) {
    packed_at_ = 0;
    format::PackedEventsHeader header{};
    const std::uint64_t body = segment.offset + sizeof(format::ChunkHeader);
    if (!file.ReadStruct(body, &header) || header.checksum != segment.checksum)
      return "has changed meanwhile";
    if (const char* problem = WhatIsWrongWith(header, sizeof(header) + header.stored_bytes)) return problem;
    if (header.stored_bytes > file.size()) return "is cut off";
    stored_.resize(sizeof(header) + header.stored_bytes);
    stored_.resize(file.ReadAt(body, stored_.data(), stored_.size()));
    if (const char* problem = DecodePackedEvents(stored_, EventDecoder::kPaddingBytes, &packed_))
      return problem;
    packed_at_ = segment.offset;
  }
  const std::size_t room = packed_.size() - EventDecoder::kPaddingBytes;
  if (segment.packed_offset > room || segment.raw_bytes > room - segment.packed_offset)
    return "has changed meanwhile";
  bytes_ = std::span(packed_).subspan(segment.packed_offset, segment.raw_bytes);
  return nullptr;
}

void SegmentBytes::Release() {
  bytes_ = {};
  packed_at_ = 0;
  std::vector<std::uint8_t>().swap(packed_);
  std::vector<std::uint8_t>().swap(stored_);
  std::vector<std::uint8_t>().swap(raw_);
}

bool ChecksumHolds(const TraceFile& file, const Segment& segment) {
  if (segment.is_packed) return SegmentBytes().Load(file, segment) == nullptr;
  std::vector<std::uint8_t> stored;
  return ReadStored(file, segment, &stored) == nullptr;
}

}  // namespace memtrace::reader
