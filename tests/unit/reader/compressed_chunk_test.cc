// SPDX-License-Identifier: MIT
// Compressed log and nodes: what was written comes back, and bytes that do not hold together are refused.
#include "analyzer/reader/compressed_chunk.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace memtrace::reader {
namespace {

using format::ChunkKind;

// A tree as recorders grow it: each node hangs under one that came shortly before.
std::string Nodes(std::size_t count, std::uint32_t first_id = 1) {
  std::mt19937_64 random(count);
  format::NodesHeader header{};
  header.first_id = first_id;
  header.capacity = static_cast<std::uint32_t>(count);
  std::string content(reinterpret_cast<const char*>(&header), sizeof(header));
  for (std::uint32_t i = 0; i < count; ++i) {
    const format::SiteNode node{0x7f0000401000 + random() % 64 * 16, first_id + i - 1, 0};
    content.append(reinterpret_cast<const char*>(&node), sizeof(node));
  }
  return content;
}

std::span<const std::uint8_t> BytesOf(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// What comes back; "…" with the complaint if nothing does.
std::string Back(const std::string& stored) {
  std::vector<std::uint8_t> content;
  if (const char* problem = DecompressContent(BytesOf(stored), &content)) {
    EXPECT_TRUE(content.empty());
    return std::string("it ") + problem;
  }
  return std::string(content.begin(), content.end());
}

TEST(CompressedChunkTest, NodesComeBackAndTakeLittleRoom) {
  for (const std::size_t count : {0, 1, 2, 1000}) {
    const std::string content = Nodes(count, 7);
    EXPECT_EQ(Back(CompressContent(ChunkKind::kNodes, content)), content) << count;
  }
  const std::string many = Nodes(10'000);
  EXPECT_LT(CompressContent(ChunkKind::kNodes, many).size(), many.size() / 12);
}

TEST(CompressedChunkTest, AnyParentComesBack) {
  std::string content = Nodes(9, 0xffff'fff0);
  const std::uint32_t parents[] = {0, 0xffff'ffff, 0x8000'0000};
  for (std::size_t i = 0; i < std::size(parents); ++i)
    std::memcpy(content.data() + sizeof(format::NodesHeader) + 16 * i + 8, &parents[i], 4);
  EXPECT_EQ(Back(CompressContent(ChunkKind::kNodes, content)), content);
}

TEST(CompressedChunkTest, ALogComesBack) {
  std::mt19937_64 random(1);
  std::string content;
  for (int i = 0; i < 3000; ++i) content += std::to_string(random() % 100) + " and ";
  const std::string stored = CompressContent(ChunkKind::kLog, content);
  EXPECT_EQ(Back(stored), content);
  EXPECT_LT(stored.size(), content.size() / 2);
}

TEST(CompressedChunkTest, WhatRepeatsItselfBeyondBeliefIsStoredInAWayThatIsBelieved) {
  const std::string content(1'000'000, 'x');
  EXPECT_EQ(Back(CompressContent(ChunkKind::kLog, content)), content);
}

TEST(CompressedChunkTest, CutsAndChangesAreNoticed) {
  const std::string stored = CompressContent(ChunkKind::kNodes, Nodes(50));
  for (std::size_t size = 0; size < stored.size(); ++size)
    EXPECT_EQ(Back(stored.substr(0, size)), "it is cut off");
  // Behind the kind, which the caller has looked at.
  for (std::size_t at = 4; at < stored.size(); ++at) {
    std::string changed = stored;
    changed[at] = static_cast<char>(changed[at] ^ 0x41);
    EXPECT_EQ(Back(changed).substr(0, 3), "it ") << at;
  }
}

TEST(CompressedChunkTest, SizesThatAreNotPaidForAreRefused) {
  std::string stored = CompressContent(ChunkKind::kLog, "a log");
  format::CompressedHeader header{};
  std::memcpy(&header, stored.data(), sizeof(header));
  header.codec = static_cast<std::uint32_t>(format::Codec::kZstd);
  header.raw_bytes = header.stored_bytes * format::kMaxCompressedRatio;
  std::memcpy(stored.data(), &header, sizeof(header));
  EXPECT_EQ(Back(stored), "it has an impossible size");
  --header.raw_bytes;
  std::memcpy(stored.data(), &header, sizeof(header));
  EXPECT_EQ(Back(stored), "it does not decompress");
}

TEST(CompressedChunkTest, HalfNodesAreRefused) {
  std::string stored = CompressContent(ChunkKind::kLog, Nodes(3) + "1234");
  const auto kind = static_cast<std::uint32_t>(ChunkKind::kNodes);
  std::memcpy(stored.data(), &kind, sizeof(kind));
  EXPECT_EQ(Back(stored), "it holds no whole call sites");
}

}  // namespace
}  // namespace memtrace::reader
