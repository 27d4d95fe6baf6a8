// SPDX-License-Identifier: MIT
// zstd around two orders of a node's fields. Sizes are judged before anything is allocated.
#include "analyzer/reader/compressed_chunk.h"

#define XXH_INLINE_ALL
#include <xxhash.h>
#include <zstd.h>

#include <cstddef>
#include <cstring>

#include "analyzer/reader/stored_part.h"

namespace memtrace::reader {
namespace {

using format::ChunkKind;
using format::CompressedHeader;
using format::NodesHeader;
using format::SiteNode;

// The second one for content that repeats itself more often than a reader believes.
constexpr int kLevels[] = {12, 1};

// Where the columns of `count` nodes begin, behind the NodesHeader.
struct Columns {
  explicit Columns(std::size_t count)
      : keys(sizeof(NodesHeader)),
        parents(keys + count * sizeof(SiteNode::key)),
        extras(parents + count * sizeof(SiteNode::parent)) {}
  std::size_t keys;
  std::size_t parents;
  std::size_t extras;
};

template <typename T>
T LoadAt(const std::uint8_t* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(value));
  return value;
}

template <typename T>
void StoreAt(std::uint8_t* bytes, T value) {
  std::memcpy(bytes, &value, sizeof(value));
}

// Whole nodes behind their header. The differences wrap around: any parent comes back.
bool ToColumns(std::span<const std::uint8_t> nodes, std::span<std::uint8_t> columns) {
  if (nodes.size() < sizeof(NodesHeader) || (nodes.size() - sizeof(NodesHeader)) % sizeof(SiteNode) != 0)
    return false;
  const auto header = LoadAt<NodesHeader>(nodes.data());
  StoreAt(columns.data(), header);
  const std::size_t count = (nodes.size() - sizeof(NodesHeader)) / sizeof(SiteNode);
  const Columns at(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto node = LoadAt<SiteNode>(nodes.data() + sizeof(NodesHeader) + i * sizeof(SiteNode));
    const std::uint32_t id = header.first_id + static_cast<std::uint32_t>(i);
    StoreAt(columns.data() + at.keys + i * sizeof(node.key), node.key);
    StoreAt(columns.data() + at.parents + i * sizeof(node.parent), id - node.parent);
    StoreAt(columns.data() + at.extras + i * sizeof(node.extra), node.extra);
  }
  return true;
}

bool FromColumns(std::span<const std::uint8_t> columns, std::span<std::uint8_t> nodes) {
  if (columns.size() < sizeof(NodesHeader) ||
      (columns.size() - sizeof(NodesHeader)) % sizeof(SiteNode) != 0) {
    return false;
  }
  const auto header = LoadAt<NodesHeader>(columns.data());
  StoreAt(nodes.data(), header);
  const std::size_t count = (columns.size() - sizeof(NodesHeader)) / sizeof(SiteNode);
  const Columns at(count);
  for (std::size_t i = 0; i < count; ++i) {
    SiteNode node;
    const std::uint32_t id = header.first_id + static_cast<std::uint32_t>(i);
    node.key = LoadAt<std::uint64_t>(columns.data() + at.keys + i * sizeof(node.key));
    node.parent = id - LoadAt<std::uint32_t>(columns.data() + at.parents + i * sizeof(node.parent));
    node.extra = LoadAt<std::uint32_t>(columns.data() + at.extras + i * sizeof(node.extra));
    StoreAt(nodes.data() + sizeof(NodesHeader) + i * sizeof(SiteNode), node);
  }
  return true;
}

std::span<const std::uint8_t> BytesOf(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// A frame for each part, which are as different as words and numbers; zstd reads them one after the other.
std::string Frames(const std::vector<std::span<const std::uint8_t>>& parts, int level) {
  std::string stored;
  for (const auto& part : parts) {
    std::string frame(ZSTD_compressBound(part.size()), '\0');
    const std::size_t size = ZSTD_compress(frame.data(), frame.size(), part.data(), part.size(), level);
    if (ZSTD_isError(size) != 0) return {};
    stored.append(frame, 0, size);
  }
  return stored;
}

// Smaller by what a reader believes; empty if it cannot be.
std::string Compressed(std::span<const std::uint8_t> raw, ChunkKind kind) {
  std::vector<std::span<const std::uint8_t>> parts = {raw};
  if (kind == ChunkKind::kNodes && raw.size() > sizeof(NodesHeader)) {
    const Columns at((raw.size() - sizeof(NodesHeader)) / sizeof(SiteNode));
    parts = {raw.first(at.parents), raw.subspan(at.parents, at.extras - at.parents), raw.subspan(at.extras)};
  }
  for (const int level : kLevels) {
    const std::string stored = Frames(parts, level);
    if (stored.empty() || stored.size() >= raw.size()) return {};
    if (raw.size() / format::kMaxCompressedRatio < stored.size()) return stored;
  }
  return {};
}

}  // namespace

std::string CompressContent(ChunkKind kind, std::string_view content) {
  std::vector<std::uint8_t> raw(content.begin(), content.end());
  if (kind == ChunkKind::kNodes) (void)ToColumns(BytesOf(content), raw);
  CompressedHeader header{};
  header.kind = static_cast<std::uint32_t>(kind);
  header.codec = static_cast<std::uint32_t>(format::Codec::kZstd);
  header.raw_bytes = raw.size();
  std::string stored = Compressed(raw, kind);
  if (stored.empty()) {
    header.codec = static_cast<std::uint32_t>(format::Codec::kRaw);
    stored.assign(raw.begin(), raw.end());
  }
  header.stored_bytes = stored.size();
  header.checksum = XXH3_64bits(stored.data(), stored.size());
  return std::string(reinterpret_cast<const char*>(&header), sizeof(header)) + stored;
}

const char* DecompressContent(std::span<const std::uint8_t> bytes, std::vector<std::uint8_t>* content) {
  content->clear();
  if (bytes.size() < sizeof(CompressedHeader)) return "is cut off";
  const auto header = LoadAt<CompressedHeader>(bytes.data());
  bytes = bytes.subspan(sizeof(header));
  if (const char* error = CheckStoredPart(header, format::kMaxCompressedRatio, &bytes)) return error;
  const bool is_raw = header.codec == static_cast<std::uint32_t>(format::Codec::kRaw);
  std::vector<std::uint8_t> raw(header.raw_bytes);
  if (is_raw) {
    std::copy(bytes.begin(), bytes.end(), raw.begin());
  } else if (ZSTD_decompress(raw.data(), raw.size(), bytes.data(), bytes.size()) != raw.size()) {
    return "does not decompress";
  }
  if (header.kind != static_cast<std::uint32_t>(ChunkKind::kNodes)) {
    content->swap(raw);
    return nullptr;
  }
  std::vector<std::uint8_t> nodes(raw.size());
  if (!FromColumns(raw, nodes)) return "holds no whole call sites";
  content->swap(nodes);
  return nullptr;
}

std::optional<ChunkKind> KindInside(const TraceFile& file, const ChunkRef& chunk) {
  CompressedHeader header{};
  if (chunk.kind != ChunkKind::kCompressed ||
      !file.ReadStruct(chunk.offset + sizeof(format::ChunkHeader), &header)) {
    return std::nullopt;
  }
  return static_cast<ChunkKind>(header.kind);
}

const char* ReadCompressed(const TraceFile& file, const ChunkRef& chunk, std::vector<std::uint8_t>* content) {
  content->clear();
  if (chunk.stored_bytes < sizeof(format::ChunkHeader)) return "is cut off";
  std::vector<std::uint8_t> bytes(chunk.stored_bytes - sizeof(format::ChunkHeader));
  bytes.resize(file.ReadAt(chunk.offset + sizeof(format::ChunkHeader), bytes.data(), bytes.size()));
  return DecompressContent(bytes, content);
}

}  // namespace memtrace::reader
