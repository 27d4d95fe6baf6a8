// SPDX-License-Identifier: MIT
// Reads node chunks block by block, then resolves parents, duplicates and modules in one pass over ascending
// ids.
#include "analyzer/reader/site_reader.h"

#include <fmt/format.h>
#include <tsl/robin_map.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "analyzer/reader/compressed_chunk.h"
#include "analyzer/reader/event_decoder.h"
#include "analyzer/reader/module_index.h"

namespace memtrace::reader {
namespace {

using format::SiteNode;

constexpr std::uint64_t kNodesOffset = sizeof(format::ChunkHeader) + sizeof(format::NodesHeader);
constexpr std::size_t kBlockNodes = 4096;

struct PathKey {
  std::uint64_t key;
  std::uint32_t parent;
  bool operator==(const PathKey&) const = default;
};

struct PathHash {
  std::size_t operator()(const PathKey& path) const {
    std::uint64_t x = (path.key ^ (std::uint64_t{path.parent} << 32)) * 0x9e3779b97f4a7c15ULL;
    x = (x ^ (x >> 32) ^ path.parent) * 0xd6e8feb86659fd93ULL;
    return x ^ (x >> 32);
  }
};

// Nodes as they are in the file. A file of n bytes cannot number its nodes beyond n / 16, so ids are bounded
// by what was paid for in bytes.
class NodeTable {
 public:
  NodeTable(const TraceFile& file, bool is_compressed, DamageLog* damage)
      : file_(file),
        damage_(damage),
        id_limit_(std::min<std::uint64_t>(
            file.size() / sizeof(SiteNode) * (is_compressed ? format::kMaxCompressedRatio : 1), kNoNode)) {
    nodes_.resize(1);
    offsets_.push_back({1, 0});
  }

  void AddChunk(const ChunkRef& chunk) {
    format::NodesHeader header{};
    if (!file_.ReadStruct(chunk.offset + sizeof(format::ChunkHeader), &header)) return;
    const std::uint64_t room =
        chunk.size_bytes > kNodesOffset ? (chunk.size_bytes - kNodesOffset) / sizeof(SiteNode) : 0;
    if (header.capacity > room || header.first_id > id_limit_) {
      damage_->Add(chunk.offset, "a chunk of call sites has an impossible size or first number; skipped");
      return;
    }
    std::vector<SiteNode> block(kBlockNodes);
    std::uint64_t id = header.first_id;
    const std::uint64_t end = std::min(id + header.capacity, id_limit_);
    const std::uint64_t data = chunk.offset + kNodesOffset;
    while (id < end) {
      const std::size_t wanted = std::min<std::uint64_t>(kBlockNodes, end - id);
      const std::uint64_t at = data + (id - header.first_id) * sizeof(SiteNode);
      if (file_.SkipHole(at) >= at + wanted * sizeof(SiteNode)) {
        id += wanted;
        continue;
      }
      const std::size_t got = file_.ReadAt(at, block.data(), wanted * sizeof(SiteNode)) / sizeof(SiteNode);
      Store(id, block, got);
      if (got < wanted) break;
      id += got;
    }
    offsets_.push_back({header.first_id, data});
  }

  void AddCompressed(const ChunkRef& chunk) {
    std::vector<std::uint8_t> content;
    if (const char* problem = ReadCompressed(file_, chunk, &content)) {
      damage_->Add(chunk.offset, fmt::format("a chunk of call sites {}; skipped", problem));
      return;
    }
    format::NodesHeader header{};
    std::memcpy(&header, content.data(), sizeof(header));
    const std::size_t count = (content.size() - sizeof(header)) / sizeof(SiteNode);
    if (header.first_id > id_limit_ || count > id_limit_ - header.first_id) {
      damage_->Add(chunk.offset, "a chunk of call sites has an impossible size or first number; skipped");
      return;
    }
    std::vector<SiteNode> block(count);
    if (count > 0) std::memcpy(block.data(), content.data() + sizeof(header), count * sizeof(SiteNode));
    Store(header.first_id, block, count);
    offsets_.push_back({header.first_id, chunk.offset});
  }

  const std::vector<SiteNode>& nodes() const { return nodes_; }

  // For damage reports: rough is good enough, the last chunk that starts at or below the id.
  std::uint64_t OffsetOf(std::uint64_t id) const {
    std::pair<std::uint64_t, std::uint64_t> best{0, 0};
    for (const auto& entry : offsets_) {
      if (entry.first <= id && entry.first >= best.first) best = entry;
    }
    return best.second + (id - best.first) * sizeof(SiteNode);
  }

 private:
  void Store(std::uint64_t first, const std::vector<SiteNode>& block, std::size_t count) {
    while (count > 0 && block[count - 1].key == 0) --count;
    if (count == 0) return;
    if (nodes_.size() < first + count) nodes_.resize(first + count);
    for (std::size_t i = 0; i < count; ++i) {
      if (first + i != 0 && block[i].key != 0) nodes_[first + i] = block[i];
    }
  }

  const TraceFile& file_;
  DamageLog* damage_;
  const std::uint64_t id_limit_;
  std::vector<SiteNode> nodes_;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> offsets_;  // first id, offset of its node
};

model::Site MakeSite(const SiteNode& node, model::NodeId parent, const ModuleIndex& modules) {
  model::Site site;
  site.pc = node.key & format::kPcMask;
  site.parent = parent;
  site.is_exact = (node.key & format::kExactBit) != 0;
  site.is_guessed = (node.key & format::kGuessBit) != 0;
  const auto kind = static_cast<std::uint8_t>((node.key & format::kKindMask) >> format::kKindShift);
  site.kind = kind < format::kAllocKinds ? static_cast<format::AllocKind>(kind) : format::AllocKind::kMalloc;
  const auto generation = static_cast<std::uint8_t>(node.key >> format::kGenerationShift);
  site.is_python = generation == format::kPythonGeneration;
  if (site.is_python) return site;
  // A call may be a function's last instruction: its return address then lies behind the module's end.
  const std::uint64_t inside = site.pc - (site.is_exact ? 0 : 1);
  if (site.pc > format::kManyCodesPc) site.module = modules.Find(inside, generation);
  return site;
}

}  // namespace

SiteTree ReadSites(const TraceFile& file, const std::vector<ChunkRef>& chunks,
                   const std::vector<model::Module>& modules, DamageLog* damage) {
  const auto is_compressed = [&](const ChunkRef& chunk) {
    return KindInside(file, chunk) == format::ChunkKind::kNodes;
  };
  NodeTable table(file, std::any_of(chunks.begin(), chunks.end(), is_compressed), damage);
  for (const ChunkRef& chunk : chunks) {
    if (chunk.kind == format::ChunkKind::kNodes) table.AddChunk(chunk);
    if (is_compressed(chunk)) table.AddCompressed(chunk);
  }
  const std::vector<SiteNode>& nodes = table.nodes();
  const ModuleIndex module_index(modules);
  SiteTree tree;
  tree.sites.resize(nodes.size());
  tree.canonical.assign(nodes.size(), kNoNode);
  tree.canonical[0] = 0;
  tsl::robin_map<PathKey, model::NodeId, PathHash> seen;
  seen.reserve(nodes.size());
  for (model::NodeId id = 1; id < nodes.size(); ++id) {
    const SiteNode& node = nodes[id];
    if (node.key == 0) continue;
    model::NodeId parent = node.parent < id ? tree.canonical[node.parent] : kNoNode;
    if (parent == kNoNode) {
      damage->Add(table.OffsetOf(id),
                  fmt::format("call site {} names {} as its caller, which cannot be", id, node.parent));
      parent = 0;
    }
    tree.canonical[id] = seen.try_emplace(PathKey{node.key, parent}, id).first->second;
    tree.sites[id] = MakeSite(node, parent, module_index);
  }
  return tree;
}

}  // namespace memtrace::reader
